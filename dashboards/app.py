"""The dashboard's frame: pages and the banner that says how old their figures are. Here: navigation. Not here: figures."""

import streamlit as st

from dashboards import frame
from dashboards.views import overview, reorder

st.set_page_config(page_title="Fulcast", page_icon="📦", layout="wide")
page = st.navigation([
    st.Page(overview.show, title="Overview", icon=":material/monitoring:", url_path="overview", default=True),
    st.Page(reorder.show, title="Reorder", icon=":material/inventory_2:", url_path="reorder"),
])  # fmt: skip
if frame.banner():
    page.run()
