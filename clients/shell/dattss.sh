# shellcheck shell=sh
# Sends what a script counts, times and gauges to a DaTtSs server. For any POSIX shell: `. dattss.sh`, then
#
#     dattss backup.runs 1c
#     dattss_time backup.time tar -czf /backup/home.tgz /home
#
# Over UDP where there is something that sends datagrams (bash, or nc), else over HTTP with curl; DATTSS_TRANSPORT=udp or http
# decides. It prints nothing (DATTSS_DEBUG=1: what went wrong), always returns 0, and waits for three seconds at the most.
#
#     DATTSS_AUTH_KEY            the user's key
#     DATTSS_PROCESS             the name of the program, default sh
#     DATTSS_SERVER_UDP_HOST     127.0.0.1        DATTSS_SERVER_UDP_PORT     8125
#     DATTSS_SERVER_HTTP_HOST    127.0.0.1        DATTSS_SERVER_HTTP_PORT    3002

# dattss PATH SAMPLE [PATH SAMPLE ...]: a sample is 1c, 153ms or 23g, with a ! behind it to emphasise the statistic.
dattss() {
    while [ $# -ge 2 ]; do
        _dattss_send "$1" "$2"
        shift 2
    done
    [ $# -eq 0 ] || _dattss_say "'$1' has no sample"
    return 0
}

# dattss_time PATH COMMAND...: runs a command, notes how long it took, and returns what it returned.
dattss_time() {
    _dattss_path=$1
    shift
    _dattss_start=$(_dattss_now)
    "$@"
    _dattss_status=$?
    dattss "$_dattss_path" "$(($(_dattss_now) - _dattss_start))ms"
    return "$_dattss_status"
}

# Milliseconds. Not every date knows %N.
_dattss_now() {
    _dattss_clock=$(date +%s%3N)
    case $_dattss_clock in
    *[!0-9]*) echo "$(date +%s)000" ;;
    *) echo "$_dattss_clock" ;;
    esac
}

_dattss_say() {
    case ${DATTSS_DEBUG:-} in 1 | true | yes) echo "dattss: $1" >&2 ;; esac
    return 0
}

# Whether $1 is a number as JSON writes it, an optional + in front.
_dattss_is_number() {
    printf '%s' "$1" | LC_ALL=C grep -Eqx '\+?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|-(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?'
}

# Takes a sample apart; fails where it is none.
_dattss_parse() {
    case $1 in '' | *[!A-Za-z0-9_.:!-]*) return 1 ;; esac
    [ ${#1} -le 255 ] || return 1
    case $2 in
    *'
'*) return 1 ;;
    *ms | *ms!) _dattss_number=${2%!} _dattss_number=${_dattss_number%ms} _dattss_kind=ms ;;
    *c | *c!) _dattss_number=${2%!} _dattss_number=${_dattss_number%c} _dattss_kind=c ;;
    *g | *g!) _dattss_number=${2%!} _dattss_number=${_dattss_number%g} _dattss_kind=g ;;
    *) return 1 ;;
    esac
    _dattss_is_number "$_dattss_number"
}

_dattss_line() {
    _dattss_parse "$1" "$2" || return 1
    printf '%s\n' "${DATTSS_AUTH_KEY:-}:$(_dattss_process):$1:$2"
}

_dattss_process() { printf '%s' "${DATTSS_PROCESS:-sh}" | LC_ALL=C tr -c 'A-Za-z0-9_.!-' '_' | cut -c 1-64; }

_dattss_send() {
    if ! _dattss_parse "$1" "$2"; then
        _dattss_say "'$1' '$2' is no path and sample"
        return 0
    fi
    _dattss_text=$(_dattss_line "$1" "$2")
    case ${DATTSS_TRANSPORT:-} in
    udp) _dattss_udp "$_dattss_text" || _dattss_say 'cannot send a datagram' ;;
    http) _dattss_http "$1" "$2" ;;
    *) _dattss_udp "$_dattss_text" || _dattss_http "$1" "$2" ;;
    esac
    return 0
}

_dattss_udp() {
    _dattss_host=${DATTSS_SERVER_UDP_HOST:-127.0.0.1} _dattss_port=${DATTSS_SERVER_UDP_PORT:-8125}
    if command -v bash >/dev/null 2>&1; then
        bash -c 'printf "%s" "$3" >"/dev/udp/$1/$2"' dattss "$_dattss_host" "$_dattss_port" "$1" 2>/dev/null
    elif command -v nc >/dev/null 2>&1; then
        printf '%s' "$1" | nc -u -w 1 "$_dattss_host" "$_dattss_port" >/dev/null 2>&1
    else
        return 1
    fi
}

# A batch of one partial of one sample. It has a number, so that curl may try again without counting twice.
_dattss_http() {
    if ! command -v curl >/dev/null 2>&1; then
        _dattss_say 'there is neither bash, nor nc, nor curl'
        return 0
    fi
    case $2 in *!) _dattss_emphasis=true ;; *) _dattss_emphasis=false ;; esac
    _dattss_value=${_dattss_number#+}
    _dattss_partial="{\"pth\":\"$1\",\"cnt\":1,\"emp\":$_dattss_emphasis"
    for _dattss_field in sum max min top bot fst lst; do
        _dattss_partial="$_dattss_partial,\"$_dattss_field\":$_dattss_value"
    done
    _dattss_arrays=
    for _dattss_array in c ms g; do
        _dattss_content=
        [ "$_dattss_array" != "$_dattss_kind" ] || _dattss_content="$_dattss_partial}"
        _dattss_arrays="$_dattss_arrays${_dattss_arrays:+,}\"$_dattss_array\":[$_dattss_content]"
    done
    _dattss_cid=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    _dattss_body="{\"prt\":{$_dattss_arrays},\"nam\":\"$(_dattss_process)\",\"cid\":\"$_dattss_cid\",\"seq\":1}"
    _dattss_answer=$(curl --silent --show-error --fail --retry 2 --retry-delay 1 --retry-connrefused --max-time 3 --request PUT \
        --header "Authorization: Bearer ${DATTSS_AUTH_KEY:-}" --header 'Content-Type: application/json' \
        --data-binary "$_dattss_body" \
        "http://${DATTSS_SERVER_HTTP_HOST:-127.0.0.1}:${DATTSS_SERVER_HTTP_PORT:-3002}/agg" 2>&1) ||
        _dattss_say "$_dattss_answer"
    return 0
}
