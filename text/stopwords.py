"""Words that name nothing: what holds sentences together, and what reviews say of anything whatever."""

from __future__ import annotations

_ENGLISH = """
a about above across actually after afterwards again against ago ain't all almost along already also although
always am among an and another any anybody anyone anything anyway anywhere are aren't around as at away back bad
be became because become becomes been before beforehand behind being below beside besides best better between
beyond big bit both bought but buy by came can can't cannot come comes coming could couldn't definitely did didn't
different do does doesn't doing don't done dont down due during each easily easy either else enough especially etc even
ever every everybody everyone everything everywhere exactly except far few find fine first for found from full
further gave get gets getting give given gives go goes going gone good got gotten great had hadn't happy hard has
hasn't have haven't having he he'd he'll he's hence her here here's hers herself highly him himself his how how's
however i i'd i'll i'm i've if in indeed instead into is isn't it it'd it'll it's its itself just keep kept kind
know known last later least less let let's like liked likes little ll long look looked looking looks lot lots love
loved loves made make makes making many may maybe me mean means might mine more moreover most mostly much must
mustn't my myself namely near nearly need needed needs neither never nevertheless next nice no nobody none nor not
nothing now nowhere of off often oh ok okay old on once one one's ones only onto or other others otherwise ought
our ours ourselves out over overall own people per perfect perfectly perhaps please pretty probably put quite
rather re real really recommend recommended right said same saw say says see seem seemed seems seen several shall
she she'd she'll she's should shouldn't simply since small so some somebody somehow someone something sometimes
somewhere soon still stuff such super sure take taken takes taking tell than thank thanks that that'd that'll
that's the their theirs them themselves then there there's therefore these they they'd they'll they're they've
thing things think this those though thought through throughout thru thus till time times to together too took top
toward towards tried true truly try trying two under unless until up upon us use used useful uses using usually ve
very via want wanted wants was wasn't way ways we we'd we'll we're we've well went were weren't what what's
whatever when where where's whereas wherever whether which while who who's whole whom whose why will wish with
within without won't wonderful work worked working works worth would wouldn't wow year years yes yet you you'd
you'll you're you've your yours yourself yourselves
"""
ENGLISH = frozenset(_ENGLISH.split())
"""Function words, and the words of praise and use (good, love, bought, works) that every kind of review is full of."""
