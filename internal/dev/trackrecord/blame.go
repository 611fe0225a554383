package trackrecord

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
)

// This file finds out from a record which bug caused a violation.

// cause reports whether something happened to a client, for a key, before a time.
type cause func(f finished, client int, key string, before time.Duration) bool

// orphanAfter reports whether, at the end, a znode was left in line whose client had met the cause.
func orphanAfter(c cause) func(finished) bool {
	return func(f finished) bool {
		owners := owners(f.history)
		for i := range f.history.Events {
			e := &f.history.Events[i]
			var final models.Final
			if e.Process != history.Nemesis || e.F != history.FFinal || e.Decode(&final) != nil {
				continue
			}
			for _, left := range final.Contenders {
				if client, known := owners[left.Owner]; known && c(f, client, e.Key, e.Time) {
					return true
				}
			}
		}
		return false
	}
}

// refusedAfter reports whether a client that had met the cause was then refused again and again.
func refusedAfter(c cause) func(finished) bool {
	return func(f finished) bool {
		for _, v := range f.result.Verdicts {
			if v.Result != checker.Violation || !strings.Contains(v.Reason, "was refused at once each time") || len(v.Counterexample) == 0 {
				continue
			}
			first := f.history.Events[v.Counterexample[0]]
			if c(f, first.Client, v.Key, first.Time) {
				return true
			}
		}
		return false
	}
}

// owners returns the client of each session.
func owners(h *history.History) map[history.ID]int {
	of := map[history.ID]int{}
	for i := range h.Events {
		if e := &h.Events[i]; e.Process == history.SessionProcess && e.F == history.FConnected {
			of[e.Session] = e.Client
		}
	}
	return of
}

// lost reports whether a client lost the replies to exactly these requests, one after the other, the
// last one for the key.
func lost(ops ...string) cause {
	return func(f finished, client int, key string, before time.Duration) bool {
		for _, step := range took(f.history, kinds.LoseReply.Name, before) {
			if slices.Contains(step.Clients, client) && lostInTurn(step.Detail, client, key, ops) {
				return true
			}
		}
		return false
	}
}

// losses matches the description of a loss, such as "client 3: lost the reply to create /a/k1/lock-".
var losses = regexp.MustCompile(`client (\d+): lost the reply to (\w+)( [^ ,;]+)?`)

func lostInTurn(detail string, client int, key string, ops []string) bool {
	var of []string
	onKey := false
	for _, m := range losses.FindAllStringSubmatch(detail, -1) {
		if m[1] == strconv.Itoa(client) {
			of = append(of, strings.TrimSuffix(m[2], "2"))
			onKey = onKey || slices.Contains(strings.Split(m[3], "/"), key)
		}
	}
	return onKey && len(of) >= len(ops) && slices.Equal(of[:len(ops)], ops)
}

// expired reports whether the client's session was ended while the client held or waited.
func expired(f finished, client int, _ string, before time.Duration) bool {
	return slices.ContainsFunc(took(f.history, kinds.Expire.Name, before), func(s *faults.Fault) bool {
		return slices.Contains(s.Clients, client)
	})
}

// took returns the faults of a kind that took effect before a time.
func took(h *history.History, kind string, before time.Duration) (all []*faults.Fault) {
	for _, f := range faults.Of(h).All {
		if f.Kind == kind && f.Took && f.Verified < before {
			all = append(all, f)
		}
	}
	return all
}
