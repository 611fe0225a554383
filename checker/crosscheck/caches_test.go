package crosscheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history/models"
)

// paths lists the paths of a cached subtree that a client changed or was shown.
func (h record) paths(key string) []string {
	all := map[string]bool{}
	for _, o := range h.ops {
		if o.key != key {
			continue
		}
		for node := range copyOf(o.res).Nodes {
			all[node] = true
		}
		if o.f != models.FLook {
			all[nodeOf(o.arg).Node] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func copyOf(res string) (v models.Copy) {
	if res != "" {
		must(json.Unmarshal([]byte(res), &v))
	}
	return v
}

func nodeOf(arg string) (v models.CachedNode) {
	must(json.Unmarshal([]byte(arg), &v))
	return v
}

// cached returns what a record tells about one znode of a cached subtree. A look that asked
// for a current copy is an isLatest.
func (h record) cached(key, path string) watched {
	w := watched{faults: h.deletions()}
	watcher := h.watchers()
	for i, o := range h.ops {
		a := act{op: o, place: i, by: o.client}
		switch {
		case o.key != key || o.out == fail:
			continue
		case o.f == models.FLook && o.out == ok:
			a.f, a.client, a.res = isShown, watcher(o), absent
			if value, is := copyOf(o.res).Nodes[path]; is {
				a.res = value
			}
			if strings.Contains(o.arg, "true") {
				a.f = isLatest
			}
			w.shown = append(w.shown, a)
		case o.f == models.FLook || nodeOf(o.arg).Node != path:
			continue
		case o.f == models.FPut:
			a.f, a.arg = isChanged, nodeOf(o.arg).Value
			w.changes = append(w.changes, a)
		default:
			a.f, a.arg = isChanged, absent
			w.changes = append(w.changes, a)
		}
	}
	return w
}

func asAsked(a act) (string, bool) { return a.f, true }

// current tells, for each look by itself, whether a copy that claimed to be current was
// current.
func (w watched) current() string {
	answer := valid
	for _, look := range w.shown {
		if look.f != isLatest {
			continue
		}
		alone := func(a act) (string, bool) { return isLatest, a.place == look.place }
		switch {
		case !w.real():
			return unknown
		case !w.right(watchedStory{sees: alone, deadlines: true}):
			return violation
		case !w.right(watchedStory{sees: alone, deadlines: true, strictly: true}):
			answer = unknown
		}
	}
	return answer
}

func cacheAnswers(h record) answers {
	all := answers{"defect": valid}
	for _, key := range keysOf(h.ops) {
		for _, path := range h.paths(key) {
			w := h.cached(key, path)
			if w.real() {
				all.worse("valid", valid)
			} else {
				all.worse("valid", violation)
			}
			order := w.order()
			if order == valid && !w.right(watchedStory{sees: asAsked, strictly: true}) {
				order = unknown // the search for one story of all looks, including those at current copies, names it
			}
			all.worse("order", order)
			all.worse("current", w.current())
			all.worse("reference", w.together(asAsked))
		}
	}
	return all
}

// ownCache generates cached subtrees with one key.
func ownCache(r *rand.Rand) record {
	h := record{model: "cache", order: r.Uint64(), ops: lived(r)}
	nodes := pick(r, []string{"."}, []string{"a"}, []string{".", "a"}, []string{"a", "a/x"})
	s := watching{record: &h, r: r, nodes: nodes, current: chance(r, 2)}
	s.fill(models.FPut, models.FRemove, models.FLook)
	s.asCache()
	h.disturb(r)
	return h
}

// asCache records what was changed and shown as operations of a cache.
func (s *watching) asCache() {
	for i := range s.ops {
		o := &s.ops[i]
		o.key, o.arg, o.res = "k", "", ""
		switch o.f {
		case models.FPut:
			o.arg = asJSON(models.CachedNode{Node: s.node[i], Value: fmt.Sprint("v", i)})
		case models.FRemove:
			o.arg = asJSON(models.CachedNode{Node: s.node[i]})
		default:
			o.arg = asJSON(models.Looking{Current: s.latest[i]})
			if s.shows[i] == nil {
				continue
			}
			shown := models.Copy{Nodes: map[string]string{}}
			for node, value := range s.shows[i] {
				if value != absent {
					shown.Nodes[node] = value
				}
			}
			o.res = asJSON(shown)
		}
	}
}

func TestOwnCache(t *testing.T) {
	own{name: "cache", generate: ownCache, ours: cacheAnswers, zklab: withDefects}.compare(t)
}
