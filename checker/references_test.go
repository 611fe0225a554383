package checker

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/frame"
)

// Why a property has no reference model.
const (
	timed  = "it is about how long something lasted: there is no order to search for"
	given  = "each answer is compared with one whose order is given, by the log, a session or a client"
	counts = "it counts, or compares sets: there is no order to search for"
	again  = "checker/crosscheck decides it once more, by trying all"
	replay = "TestSmallRecordsAgreeWithAReference of checker/internal/promises decides all of a session once more"
	looks  = "it is measured, and decides nothing"
)

// unreferenced are the properties that no reference model decides once more, by model; "": of any that
// has it.
var unreferenced = map[string]map[string]string{
	"": {
		"log": given, "server-agreement": given, "no-panic": given, "recovers": timed, "fenced-reads": given, "own-znodes": given, "grant": given, "snapshots": given, "irrevocable": given, "who-leads": given,
		"states": given, "monotone": given, "first": given, "real": given, "priority": given, "due-order": given,
		"fencing": again, "empty": again,
		"progress": timed, "converge": timed, "late": timed, "gone": timed, "reassign": timed, "termination": timed,
		"revocation": timed, "not-early": timed, "all-or-none": timed, "lost": timed, "coverage": timed, "balance": timed,
		"conservation": counts, "finish-once": counts, "attempts": counts,
		"belief":   looks,
		"connects": given, "answers": given, "kept-alive": timed,
	},
	"counter":  {"plain-reads": given},
	"register": {"zxid-order": again, "plain-reads": again, "sync-reads": given, "durable": given},
	"session": {
		"fifo": replay, "single-image": replay, "own-writes": replay, "atomic": replay, "views": replay, "fenced": replay,
		"sync": replay, "durable": replay, "watch-before-data": replay, "one-event": replay, "event-order": replay,
		"ephemeral": replay, "names": replay, "expiry": timed, "timeliness": timed, "rights": given, "lifetimes": timed, "persistent-watch": given,
	},
}

// TestEveryPropertyHasAReference requires that each property is decided a second time, by search, or
// why not.
func TestEveryPropertyHasAReference(t *testing.T) {
	without := map[string]bool{} // a reference model, of this or that model
	for name, m := range models {
		covered := map[string]bool{}
		for _, r := range m.References {
			for _, c := range r.Covers {
				covered[c] = true
				if !slices.ContainsFunc(m.Properties, func(p *frame.Property) bool { return p.Name == c }) {
					t.Errorf("a reference of %s covers %s, which is no property of it", name, c)
				}
			}
		}
		for _, p := range m.Properties {
			own := unreferenced[name][p.Name]
			switch {
			case covered[p.Name] && own != "":
				t.Errorf("%s of %s has a reference, and is listed as if it had none", p.Name, name)
			case !covered[p.Name] && own+unreferenced[""][p.Name] == "":
				t.Errorf("%s of %s has no reference: give it one, or say why it needs none", p.Name, name)
			}
			if !covered[p.Name] {
				without[name+p.Name], without[p.Name] = true, true
			}
		}
	}
	for model, of := range unreferenced {
		for property := range of {
			if !without[model+property] {
				t.Errorf("%s of %q is listed, and no such property is without a reference", property, model)
			}
		}
	}
}
