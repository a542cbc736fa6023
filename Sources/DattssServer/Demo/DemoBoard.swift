/// What the demo shows on a board: each kind of plot once, and a text.
extension DemoShop {
    static let board = Board(
        name: "Shop",
        panels: [
            Board.Panel(
                content: .text(
                    """
                    # The shop, at a glance
                    A **board** keeps plots and texts beside each other. Those who are signed in make their own out of what Explore shows.
                    """), title: "", width: .full),
            plot("Orders, and last week", "q=c:shop.orders&range=1d&vs=week&tz=UTC"),
            plot("Failed, in percent of all", "q=c:shop.orders.failed&q=c:shop.orders&ratio=1&range=1d&tz=UTC"),
            plot("How long paying takes", "q=ms:checkout.payment&draw=heatmap&range=1d&tz=UTC", .full),
            plot("Requests by host", "q=c:host.*.requests;fold=sum;by=n1&draw=stacked&range=3h&tz=UTC"),
            plot("Pages, the slowest twentieth", "q=ms:page.*&range=3h&tz=UTC"),
        ])

    private static func plot(_ title: String, _ address: String, _ width: Board.Width = .half) -> Board.Panel {
        Board.Panel(content: .plot(address: "v=1&" + address), title: title, width: width)
    }
}
