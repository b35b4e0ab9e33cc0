"""A reader of pages: loads them one after the other and prints what each was read from, or what went wrong. Run by benchmarks.pages."""

import sys
from pathlib import Path

from playwright.sync_api import Error

from benchmarks.pages import FIGURE, PAGES, READ, _browser, expected, figures_of, version_of


def main(site: str, home: str, loads: int, first: int) -> None:
    """Loads pages `loads` times; a fault is a line with the page and what was seen."""
    with _browser() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        for n in range(loads):
            path = list(PAGES)[(first + n) % len(PAGES)]
            try:
                page.goto(f"{site}/{path}")
                page.wait_for_selector(FIGURE)
                page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
                version = version_of(page.get_by_text("snapshot").first.inner_text())
                if page.get_by_test_id("stException").count():
                    print(path, page.get_by_test_id("stException").first.inner_text()[:200].replace("\n", " "), flush=True)
                elif (shown := figures_of(page, path)) != (told := expected(Path(home), path, version)):
                    print(path, "figures of two snapshots:", version, f"tells {told} and not {shown}", flush=True)
                else:
                    print(READ, path, version, flush=True)
            except Error as problem:
                print(path, str(problem)[:200].replace("\n", " "), flush=True)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
