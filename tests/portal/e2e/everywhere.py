"""Every route of the application's own table, for every role, in an empty and in a full house, light and dark, wide and narrow.

`make walk`, or a part of it: `make walk HOUSE=full ROLE=admin,operator ROUTE=/people,/people/[someone]`. In the full house one of them
reads German, whose words are longer. The role "stranger" is whoever has not signed in: it walks what links in messages lead to as well;
"stranger-de" has a German browser. LOOK=1440-light,390-dark walks in these alone. Pictures of what was judged and a table of what was
walked are under build/portal.
"""

import pytest

from backend.security.roles import ROLES
from portal.routes import STRANGERS, routes
from tests.portal.e2e.behind_links import HOSTED
from tests.portal.e2e.walking import STRANGERS_BY_BROWSER, Standing, chosen, chosen_looks, open_standing, walk_through

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module", params=chosen("HOUSE", ["empty", "full"]))
def standing(request, server, tmp_path_factory):
    with open_standing(request.param, server, tmp_path_factory.mktemp(request.param)) as found:
        yield found


def test_every_page_of_every_role_and_the_pages_of_strangers(standing: Standing, axe):
    roles = [*sorted(ROLES, key=lambda role: role != "admin"), *(["doris"] if standing.name == "full" else [])]
    roles = chosen("ROLE", roles)
    found = walk_through(standing, axe, roles, chosen_looks())
    mine = {route for route in chosen("ROUTE", routes()) if route not in STRANGERS}
    assert {role: set(found.seen[role]) | set(found.closed[role]) for role in roles} == dict.fromkeys(roles, mine)
    for stranger in chosen("ROLE", [*STRANGERS_BY_BROWSER]):
        assert set(found.seen[stranger]) == set(chosen("ROUTE", [*STRANGERS, *HOSTED]))
    assert found.closed.get("admin", []) == []
    assert found.faults == {}
