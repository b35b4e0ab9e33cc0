"""The dashboard's frame: pages and the banner that says how old their figures are. Here: navigation. Not here: figures."""

import streamlit as st

from dashboards import frame
from dashboards.views import best_sellers, data, forecast, fulfilment, product, reorder, start, stock, today

st.set_page_config(page_title="Fulcast", page_icon="📦", layout="wide")
frame.PAGES.update({
    "today": st.Page(today.show, title="Today", icon=":material/today:", default=True),
    "best_sellers": st.Page(best_sellers.show, title="Best sellers", icon=":material/trending_up:", url_path="best-sellers"),
    "product": st.Page(product.show, title="Product", icon=":material/sell:", url_path="product"),
    "fulfilment": st.Page(fulfilment.show, title="Fulfilment", icon=":material/local_shipping:", url_path="fulfilment"),
    "stock": st.Page(stock.show, title="Stock", icon=":material/warehouse:", url_path="stock"),
    "forecast": st.Page(forecast.show, title="Forecast", icon=":material/query_stats:", url_path="forecast"),
    "reorder": st.Page(reorder.show, title="Reorder", icon=":material/inventory_2:", url_path="reorder"),
    "data": st.Page(data.show, title="Data", icon=":material/database:", url_path="data"),
})  # fmt: skip
st.html(f"<style>{frame.WITHOUT_UNSAFE_DOWNLOAD}</style>")
frame.begin()
page = st.navigation(list(frame.PAGES.values()))
if frame.banner():
    page.run()
else:
    start.show()
