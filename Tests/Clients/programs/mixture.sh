# Three periods of a known mixture. A shell is not told whether somebody was there: it counts what it sent.
. "$(dirname "$0")/../../../clients/shell/dattss.sh"
DATTSS_PROCESS=mixture
export DATTSS_PROCESS
sent=0
for period in 0 1 2; do
    for i in 1 2 3 4 5; do
        dattss mix.hits 1c mix.wait "${i}ms"
        sent=$((sent + 1))
    done
    echo "period $period {\"sent\": 5, \"dropped\": 0}"
    read -r _
done
echo "{\"sent\": $sent, \"dropped\": 0}"
