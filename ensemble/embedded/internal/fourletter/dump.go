package fourletter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
)

func dump(s Server) string {
	var b strings.Builder
	b.WriteString("SessionTracker dump:\n")
	s.writeSessions(&b)
	b.WriteString("ephemeral nodes dump:\n")
	writeEphemerals(&b, ask(s.EphemeralPaths))
	b.WriteString("Connections dump:\n")
	s.writeConnectionSets(&b)
	return b.String()
}

// writeSessions writes the sessions, with their expiry if this server decides it: other servers do not
// know when sessions expire.
func (s Server) writeSessions(b *strings.Builder) {
	sessions := slices.SortedFunc(slices.Values(ask(s.AllSessions)), func(x, y Session) int {
		return cmp.Compare(x.ID, y.ID)
	})
	if s.Role == ensemble.Leader || s.Role == ensemble.Standalone {
		sets := expirySets{}
		for _, session := range sessions {
			sets.add(session.Expires, hex(session.ID))
		}
		fmt.Fprintf(b, "Session %s", sets)
		return
	}
	fmt.Fprintf(b, "Global Sessions(%d):\n", len(sessions))
	for _, session := range sessions {
		fmt.Fprintf(b, "%s\t%dms\n", hex(session.ID), session.Timeout.Milliseconds())
	}
}

func writeEphemerals(b *strings.Builder, of map[int64][]string) {
	fmt.Fprintf(b, "Sessions with Ephemerals (%d):\n", len(of))
	for _, session := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(b, "%s:\n", hex(session))
		writePaths(b, of[session])
	}
}

func (s Server) writeConnectionSets(b *strings.Builder) {
	sets := expirySets{}
	for _, c := range ask(s.Connections) {
		sets.add(c.Expires, fmt.Sprintf("ip: %s sessionId: %s", javaAddr(c.Addr), hex(c.Session)))
	}
	fmt.Fprintf(b, "Connections %s", sets)
}

// expirySets holds sessions and connections by their time of expiry: a real server groups those that
// expire within one tick.
type expirySets map[int64][]string // by milliseconds since 1970

func (sets expirySets) add(when time.Time, what string) {
	sets[when.UnixMilli()] = append(sets[when.UnixMilli()], what)
}

// String writes times in the form of Java's Date, in UTC.
func (sets expirySets) String() string {
	total := 0
	for _, set := range sets {
		total += len(set)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Sets (%d)/(%d):\n", len(sets), total)
	for _, when := range slices.Sorted(maps.Keys(sets)) {
		date := time.UnixMilli(when).UTC().Format("Mon Jan 02 15:04:05 MST 2006")
		fmt.Fprintf(&b, "%d expire at %s:\n", len(sets[when]), date)
		for _, what := range sets[when] {
			fmt.Fprintf(&b, "\t%s\n", what)
		}
	}
	return b.String()
}
