package checker

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/prose"
)

// wayOut is the advice for a user whose subject bypasses its link.
const wayOut = "let the subject open every connection with the dialer that it is given: in Go with zk.WithDialer(c.Dial), with Curator after ensembleTracker(false)"

// linked is the assumption that all connections went through the links.
func linked(a *evidence.Record) Assumption {
	if len(a.Unlinked) == 0 {
		return Assumption{"links", true, "every session that wrote below the run's root came through a client's link, or is the harness's own"}
	}
	return Assumption{"links", false, around(a) + "; " + wayOut}
}

// around names the clients that bypassed their links.
func around(a *evidence.Record) string {
	var clients []int
	writes, ids := 0, []string{}
	for _, s := range a.Unlinked {
		writes += s.Writes
		ids = append(ids, s.ID.String())
		if !slices.Contains(clients, s.Client) {
			clients = append(clients, s.Client)
		}
	}
	slices.Sort(clients)
	var who []string
	for _, c := range clients {
		if c >= 0 {
			who = append(who, words.Number(c))
		}
	}
	name := "a client went around its link"
	switch {
	case len(who) == 1:
		name = "client " + who[0] + " went around its link"
	case len(who) > 1:
		name = "clients " + words.Some(who) + " went around their links"
	}
	which := "session " + ids[0] + ", which no link carried,"
	if len(ids) > 1 {
		which = fmt.Sprintf("%d sessions that no link carried (%s)", len(ids), words.Some(ids))
	}
	return fmt.Sprintf("%s: %s wrote below %s %s", name, which, a.Params.Root, prose.Times(writes))
}
