package status

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/zklab/zklab/ensemble"
)

// Health is the state of an ensemble, from all servers that were asked.
type Health string

// The states of an ensemble.
const (
	Healthy  Health = "healthy"  // all servers that were asked serve, in one ensemble, and nothing shows that their trees differ
	Degraded Health = "degraded" // a majority serves, but not all servers are part of it, or one has another tree
	Down     Health = "down"     // none serves, or fewer than a majority
)

// Ensemble holds what all servers report about themselves.
type Ensemble struct {
	Health  Health   `json:"health"`
	Serving int      `json:"serving"`
	Leader  string   `json:"leader,omitempty"` // its address
	Epoch   int64    `json:"epoch"`
	Notes   []string `json:"notes,omitempty"` // for people
	Servers []Server `json:"servers"`         // in the order of the question
}

// Look asks all servers at once. There is a query for each, or one for all. It takes at
// most the timeout of a query.
func Look(ctx context.Context, addrs []string, queries ...Query) Ensemble {
	servers := make([]Server, len(addrs))
	each(addrs, queries, func(i int, q Query) { servers[i] = q.look(ctx, addrs[i], len(addrs) > 1) })
	diverged(servers, func(suspects []int) []Server {
		again := make([]Server, len(servers))
		each(addrs, queries, func(i int, q Query) {
			if slices.Contains(suspects, i) {
				ctx, cancel := context.WithTimeoutCause(ctx, q.timeout(), errSilent)
				defer cancel()
				again[i].Addr = addrs[i]
				q.brief(ctx, &again[i])
			}
		})
		return again
	})
	return together(servers)
}

// each asks all servers at once.
func each(addrs []string, queries []Query, ask func(i int, q Query)) {
	var all sync.WaitGroup
	for i := range addrs {
		q := Query{}
		if len(queries) > 0 {
			q = queries[min(i, len(queries)-1)]
		}
		all.Go(func() { ask(i, q) })
	}
	all.Wait()
}

// together combines what the servers report. A leader that was paused and deposed may still
// claim to lead for a while, so the leader is the one with the latest epoch.
func together(servers []Server) Ensemble {
	e := Ensemble{Servers: servers}
	for _, s := range servers {
		if s.State == Serving {
			e.Serving++
			e.Epoch = max(e.Epoch, s.Epoch)
		}
	}
	leaders, alone := e.of(ensemble.Leader), e.of(ensemble.Standalone)
	slices.SortFunc(leaders, func(a, b Server) int { return cmp.Compare(b.Epoch, a.Epoch) })
	if lead := append(leaders, alone...); len(lead) > 0 && (len(leaders) > 0 || len(servers) == 1) {
		e.Leader = lead[0].Addr
	}
	e.behind()
	divided := len(leaders) > 1 || len(alone) > 0 && len(servers) > 1 || e.apart() != ""
	switch {
	case e.Serving == 0 || e.few():
		e.Health = Down
	case e.Serving == len(servers) && !divided && !slices.ContainsFunc(servers, func(s Server) bool { return s.Diverged != "" }):
		e.Health = Healthy
	default:
		e.Health = Degraded
	}
	e.note(leaders, len(alone))
	return e
}

// apart returns a sentence about two servers that belong to different ensembles; "" if
// nothing shows that.
func (e *Ensemble) apart() string {
	for _, a := range e.Servers {
		for _, b := range e.Servers {
			if a.members.Apart(b.members) {
				return fmt.Sprintf("%s and %s are servers of two ensembles: their members differ (conf)", a.Addr, b.Addr)
			}
		}
	}
	return ""
}

func (e *Ensemble) of(r ensemble.Role) (those []Server) {
	for _, s := range e.Servers {
		if s.Role == r {
			those = append(those, s)
		}
	}
	return those
}

// few reports whether the serving servers are not a majority of all voters, which they have not noticed
// yet. That cannot be known if some servers were not asked.
func (e *Ensemble) few() bool {
	observers, voters := len(e.of(ensemble.Observer)), int64(0)
	for _, s := range e.Servers {
		if s.voters != nil {
			voters = max(voters, *s.voters)
		}
	}
	asked := len(e.Servers) - observers
	return len(e.of(ensemble.Standalone)) == 0 && int64(asked) >= voters && 2*(e.Serving-observers) <= asked
}

// ofVoters says, in parentheses, how many of the voters were asked, if that is known.
func (e *Ensemble) ofVoters() string {
	for _, s := range e.Servers {
		if s.voters != nil {
			return fmt.Sprintf(" (%d of %d that vote were asked)", len(e.Servers)-len(e.of(ensemble.Observer)), *s.voters)
		}
	}
	return ""
}

// behind compares each server with the one that has the most transactions. A server that serves has all
// transactions of the epochs before its leader was elected, so it lacks only some of this epoch.
func (e *Ensemble) behind() {
	latest := int64(0)
	for _, s := range e.Servers {
		latest = max(latest, int64(s.Zxid))
	}
	for i, s := range e.Servers {
		if s.State == Serving {
			n := latest - max(int64(s.Zxid), e.Epoch<<32)
			e.Servers[i].Behind = &n
		}
	}
}

func (e *Ensemble) note(leaders []Server, alone int) {
	add := func(format string, args ...any) { e.Notes = append(e.Notes, fmt.Sprintf(format, args...)) }
	if len(leaders) > 1 {
		var who []string
		for _, s := range leaders {
			who = append(who, fmt.Sprintf("%s (epoch %d)", s.Addr, s.Epoch))
		}
		add("%s all claim to lead: a leader deposed while paused or cut off notices after syncLimit", strings.Join(who, " and "))
	}
	if text := e.apart(); text != "" {
		add("%s", text)
	}
	if alone > 0 && len(e.Servers) > 1 {
		add("a server is standalone: it does not belong to an ensemble with the others")
	}
	switch {
	case e.Serving > 0 && e.Health == Down:
		add("%d of %d is not a majority: servers that still claim to serve will notice after syncLimit", e.Serving, len(e.Servers))
	case e.Serving == len(e.Servers) && e.Leader == "" && alone == 0:
		add("none of these servers leads: the leader is missing from the list%s", e.ofVoters())
	case e.Serving > 0 && e.Leader == "" && alone == 0:
		add("none of the servers that answer leads: they still follow a leader that was lost, or the leader is missing from the list")
	}
	for _, s := range e.Servers {
		if s.Diverged != "" {
			add("%s %s: its tree differs from the others'", s.Addr, s.Diverged)
		}
		if s.Miscounted != "" {
			add("%s %s: %s", s.Addr, s.Miscounted, CountFalse)
		}
	}
	versions := make(map[string]bool)
	missing := make(map[string][]string)
	for _, s := range e.Servers {
		if s.Version != "" {
			versions[s.Version] = true
		}
		for _, word := range s.Missing {
			missing[word] = append(missing[word], s.Addr)
		}
	}
	if len(versions) > 1 {
		add("versions differ")
	}
	if who := missing["srvr"]; len(who) > 0 {
		add("%s answers stat but not srvr: the status comes from stat", strings.Join(who, ", "))
	}
	for _, m := range []struct{ word, tells string }{
		{"mntr", "sessions, watches and znodes"}, {"dirs", "disk"},
	} {
		if who := missing[m.word]; len(who) > 0 {
			add("%s not reported by %s: %s is not in the 4lw.commands.whitelist, or not supported there", m.tells, strings.Join(who, ", "), m.word)
		}
	}
}
