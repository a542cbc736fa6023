// The files that the server carries in itself. `#embed` (C23, clang 19) copies them in no time; the compiler notes them as what this
// file depends on. As arrays of Swift they would take half a minute to compile.
#include "CResources.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char account_css[] = {
#embed "../../DattssServer/Dashboard/account.css"
};
static const unsigned char account_html[] = {
#embed "../../DattssServer/Dashboard/account.html"
};
static const unsigned char account_js[] = {
#embed "../../DattssServer/Dashboard/account.js"
};
static const unsigned char alertform_js[] = {
#embed "../../DattssServer/Dashboard/alertform.js"
};
static const unsigned char alertlist_js[] = {
#embed "../../DattssServer/Dashboard/alertlist.js"
};
static const unsigned char alertparts_js[] = {
#embed "../../DattssServer/Dashboard/alertparts.js"
};
static const unsigned char alerts_css[] = {
#embed "../../DattssServer/Dashboard/alerts.css"
};
static const unsigned char alerts_js[] = {
#embed "../../DattssServer/Dashboard/alerts.js"
};
static const unsigned char alertwords_js[] = {
#embed "../../DattssServer/Dashboard/alertwords.js"
};
static const unsigned char api_js[] = {
#embed "../../DattssServer/Dashboard/api.js"
};
static const unsigned char axis_js[] = {
#embed "../../DattssServer/Dashboard/axis.js"
};
static const unsigned char backtest_js[] = {
#embed "../../DattssServer/Dashboard/backtest.js"
};
static const unsigned char boardadd_js[] = {
#embed "../../DattssServer/Dashboard/boardadd.js"
};
static const unsigned char boardchange_js[] = {
#embed "../../DattssServer/Dashboard/boardchange.js"
};
static const unsigned char boardedit_js[] = {
#embed "../../DattssServer/Dashboard/boardedit.js"
};
static const unsigned char boarding_js[] = {
#embed "../../DattssServer/Dashboard/boarding.js"
};
static const unsigned char boards_css[] = {
#embed "../../DattssServer/Dashboard/boards.css"
};
static const unsigned char boards_js[] = {
#embed "../../DattssServer/Dashboard/boards.js"
};
static const unsigned char boardshare_js[] = {
#embed "../../DattssServer/Dashboard/boardshare.js"
};
static const unsigned char boardtext_js[] = {
#embed "../../DattssServer/Dashboard/boardtext.js"
};
static const unsigned char boardview_js[] = {
#embed "../../DattssServer/Dashboard/boardview.js"
};
static const unsigned char boardwall_js[] = {
#embed "../../DattssServer/Dashboard/boardwall.js"
};
static const unsigned char channels_js[] = {
#embed "../../DattssServer/Dashboard/channels.js"
};
static const unsigned char comparison_js[] = {
#embed "../../DattssServer/Dashboard/comparison.js"
};
static const unsigned char connection_js[] = {
#embed "../../DattssServer/Dashboard/connection.js"
};
static const unsigned char dashboard_css[] = {
#embed "../../DattssServer/Dashboard/dashboard.css"
};
static const unsigned char dashboard_js[] = {
#embed "../../DattssServer/Dashboard/dashboard.js"
};
static const unsigned char days_js[] = {
#embed "../../DattssServer/Dashboard/days.js"
};
static const unsigned char divider_js[] = {
#embed "../../DattssServer/Dashboard/divider.js"
};
static const unsigned char dom_js[] = {
#embed "../../DattssServer/Dashboard/dom.js"
};
static const unsigned char drawing_js[] = {
#embed "../../DattssServer/Dashboard/drawing.js"
};
static const unsigned char explore_css[] = {
#embed "../../DattssServer/Dashboard/explore.css"
};
static const unsigned char explore_js[] = {
#embed "../../DattssServer/Dashboard/explore.js"
};
static const unsigned char exploreaddress_js[] = {
#embed "../../DattssServer/Dashboard/exploreaddress.js"
};
static const unsigned char exploredata_js[] = {
#embed "../../DattssServer/Dashboard/exploredata.js"
};
static const unsigned char exploredraw_js[] = {
#embed "../../DattssServer/Dashboard/exploredraw.js"
};
static const unsigned char explorefile_js[] = {
#embed "../../DattssServer/Dashboard/explorefile.js"
};
static const unsigned char exploreglob_js[] = {
#embed "../../DattssServer/Dashboard/exploreglob.js"
};
static const unsigned char exploremoved_js[] = {
#embed "../../DattssServer/Dashboard/exploremoved.js"
};
static const unsigned char exploreplot_js[] = {
#embed "../../DattssServer/Dashboard/exploreplot.js"
};
static const unsigned char exploretable_js[] = {
#embed "../../DattssServer/Dashboard/exploretable.js"
};
static const unsigned char exploring_js[] = {
#embed "../../DattssServer/Dashboard/exploring.js"
};
static const unsigned char favourites_js[] = {
#embed "../../DattssServer/Dashboard/favourites.js"
};
static const unsigned char firing_js[] = {
#embed "../../DattssServer/Dashboard/firing.js"
};
static const unsigned char format_js[] = {
#embed "../../DattssServer/Dashboard/format.js"
};
static const unsigned char icon_svg[] = {
#embed "../../DattssServer/Dashboard/icon.svg"
};
static const unsigned char index_html[] = {
#embed "../../DattssServer/Dashboard/index.html"
};
static const unsigned char help_js[] = {
#embed "../../DattssServer/Dashboard/help.js"
};
static const unsigned char join_js[] = {
#embed "../../DattssServer/Dashboard/join.js"
};
static const unsigned char keys_js[] = {
#embed "../../DattssServer/Dashboard/keys.js"
};
static const unsigned char landing_js[] = {
#embed "../../DattssServer/Dashboard/landing.js"
};
static const unsigned char maintenance_js[] = {
#embed "../../DattssServer/Dashboard/maintenance.js"
};
static const unsigned char marks_js[] = {
#embed "../../DattssServer/Dashboard/marks.js"
};
static const unsigned char missing_html[] = {
#embed "../../DattssServer/Dashboard/missing.html"
};
static const unsigned char names_js[] = {
#embed "../../DattssServer/Dashboard/names.js"
};
static const unsigned char now_js[] = {
#embed "../../DattssServer/Dashboard/now.js"
};
static const unsigned char paths_js[] = {
#embed "../../DattssServer/Dashboard/paths.js"
};
static const unsigned char plot_js[] = {
#embed "../../DattssServer/Dashboard/plot.js"
};
static const unsigned char plots_js[] = {
#embed "../../DattssServer/Dashboard/plots.js"
};
static const unsigned char processes_js[] = {
#embed "../../DattssServer/Dashboard/processes.js"
};
static const unsigned char restarts_js[] = {
#embed "../../DattssServer/Dashboard/restarts.js"
};
static const unsigned char rewritten_js[] = {
#embed "../../DattssServer/Dashboard/rewritten.js"
};
static const unsigned char shared_html[] = {
#embed "../../DattssServer/Dashboard/shared.html"
};
static const unsigned char shared_js[] = {
#embed "../../DattssServer/Dashboard/shared.js"
};
static const unsigned char silent_js[] = {
#embed "../../DattssServer/Dashboard/silent.js"
};
static const unsigned char sparklines_js[] = {
#embed "../../DattssServer/Dashboard/sparklines.js"
};
static const unsigned char start_js[] = {
#embed "../../DattssServer/Dashboard/start.js"
};
static const unsigned char statistics_js[] = {
#embed "../../DattssServer/Dashboard/statistics.js"
};
static const unsigned char suggestions_js[] = {
#embed "../../DattssServer/Dashboard/suggestions.js"
};
static const unsigned char summary_js[] = {
#embed "../../DattssServer/Dashboard/summary.js"
};
static const unsigned char switcher_js[] = {
#embed "../../DattssServer/Dashboard/switcher.js"
};
static const unsigned char team_js[] = {
#embed "../../DattssServer/Dashboard/team.js"
};
static const unsigned char theme_css[] = {
#embed "../../DattssServer/Dashboard/theme.css"
};
static const unsigned char travel_css[] = {
#embed "../../DattssServer/Dashboard/travel.css"
};
static const unsigned char travel_js[] = {
#embed "../../DattssServer/Dashboard/travel.js"
};
static const unsigned char tree_js[] = {
#embed "../../DattssServer/Dashboard/tree.js"
};
static const unsigned char units_js[] = {
#embed "../../DattssServer/Dashboard/units.js"
};
static const unsigned char unusual_js[] = {
#embed "../../DattssServer/Dashboard/unusual.js"
};
static const unsigned char usual_js[] = {
#embed "../../DattssServer/Dashboard/usual.js"
};
static const unsigned char view_js[] = {
#embed "../../DattssServer/Dashboard/view.js"
};

static const unsigned char description[] = {
#embed "../../DattssServer/Resources/openapi.json"
};

#define FILE(name, bytes) {name, bytes, sizeof bytes}

static const struct resource dashboard[] = {
    FILE("account.css", account_css),
    FILE("account.html", account_html),
    FILE("account.js", account_js),
    FILE("alertform.js", alertform_js),
    FILE("alertlist.js", alertlist_js),
    FILE("alertparts.js", alertparts_js),
    FILE("alerts.css", alerts_css),
    FILE("alerts.js", alerts_js),
    FILE("alertwords.js", alertwords_js),
    FILE("api.js", api_js),
    FILE("axis.js", axis_js),
    FILE("backtest.js", backtest_js),
    FILE("boardadd.js", boardadd_js),
    FILE("boardchange.js", boardchange_js),
    FILE("boardedit.js", boardedit_js),
    FILE("boarding.js", boarding_js),
    FILE("boards.css", boards_css),
    FILE("boards.js", boards_js),
    FILE("boardshare.js", boardshare_js),
    FILE("boardtext.js", boardtext_js),
    FILE("boardview.js", boardview_js),
    FILE("boardwall.js", boardwall_js),
    FILE("channels.js", channels_js),
    FILE("comparison.js", comparison_js),
    FILE("connection.js", connection_js),
    FILE("dashboard.css", dashboard_css),
    FILE("dashboard.js", dashboard_js),
    FILE("days.js", days_js),
    FILE("divider.js", divider_js),
    FILE("dom.js", dom_js),
    FILE("drawing.js", drawing_js),
    FILE("explore.css", explore_css),
    FILE("explore.js", explore_js),
    FILE("exploreaddress.js", exploreaddress_js),
    FILE("exploredata.js", exploredata_js),
    FILE("exploredraw.js", exploredraw_js),
    FILE("explorefile.js", explorefile_js),
    FILE("exploreglob.js", exploreglob_js),
    FILE("exploremoved.js", exploremoved_js),
    FILE("exploreplot.js", exploreplot_js),
    FILE("exploretable.js", exploretable_js),
    FILE("exploring.js", exploring_js),
    FILE("favourites.js", favourites_js),
    FILE("firing.js", firing_js),
    FILE("format.js", format_js),
    FILE("icon.svg", icon_svg),
    FILE("index.html", index_html),
    FILE("help.js", help_js),
    FILE("join.js", join_js),
    FILE("keys.js", keys_js),
    FILE("landing.js", landing_js),
    FILE("maintenance.js", maintenance_js),
    FILE("marks.js", marks_js),
    FILE("missing.html", missing_html),
    FILE("names.js", names_js),
    FILE("now.js", now_js),
    FILE("paths.js", paths_js),
    FILE("plot.js", plot_js),
    FILE("plots.js", plots_js),
    FILE("processes.js", processes_js),
    FILE("restarts.js", restarts_js),
    FILE("rewritten.js", rewritten_js),
    FILE("shared.html", shared_html),
    FILE("shared.js", shared_js),
    FILE("silent.js", silent_js),
    FILE("sparklines.js", sparklines_js),
    FILE("start.js", start_js),
    FILE("statistics.js", statistics_js),
    FILE("suggestions.js", suggestions_js),
    FILE("summary.js", summary_js),
    FILE("switcher.js", switcher_js),
    FILE("team.js", team_js),
    FILE("theme.css", theme_css),
    FILE("travel.css", travel_css),
    FILE("travel.js", travel_js),
    FILE("tree.js", tree_js),
    FILE("units.js", units_js),
    FILE("unusual.js", unusual_js),
    FILE("usual.js", usual_js),
    FILE("view.js", view_js),
};

int dashboard_count(void) { return sizeof dashboard / sizeof dashboard[0]; }

struct resource dashboard_file(int index) { return dashboard[index]; }

struct resource openapi_file(void) { return (struct resource)FILE("openapi.json", description); }
