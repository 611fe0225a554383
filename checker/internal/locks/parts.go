package locks

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file is about objects that have parts, like the keys of a multi-lock: two holds exclude
// each other if they have a part in common. A hold of an object without parts covers its only
// part, "".

var whole = []string{""}

// held returns the parts that a hold covers.
func (h *hold) held() []string {
	if h.parts == nil {
		return whole
	}
	return h.parts
}

// askedFor returns the parts that an acquire asks for, sorted.
func askedFor(k *evidence.Key, op *history.Operation) []string {
	if !k.Object.Parts {
		return whole
	}
	return partsIn(k, op.Invoke)
}

// partsIn returns the parts that an event names, sorted; whole if it names none.
func partsIn(k *evidence.Key, e *history.Event) []string {
	var v models.Keys
	k.Decode(e, &v)
	if len(v.Keys) == 0 {
		return whole
	}
	slices.Sort(v.Keys)
	return slices.Compact(v.Keys)
}

// grantedTo returns the parts that an acquire was granted: those that its answer names, or else all
// that it asked for.
func grantedTo(k *evidence.Key, op *history.Operation) []string {
	if parts := partsIn(k, op.Return); parts[0] != "" {
		return parts
	}
	return askedFor(k, op)
}

// readParts sets, for holds in order of their grants, the parts that were granted. A client that was
// found to hold again without having asked holds the same parts as before.
func readParts(k *evidence.Key, all []*hold) {
	last := map[int][]string{}
	for _, h := range all {
		if h.Grant.F == models.FAcquire {
			last[h.Client] = grantedTo(k, h.Grant)
		}
		h.parts = last[h.Client]
	}
}

// byPart groups holds by their parts; each hold may be in several groups.
func byPart(all []*hold) map[string][]*hold {
	of := map[string][]*hold{}
	for _, h := range all {
		for _, part := range h.held() {
			of[part] = append(of[part], h)
		}
	}
	return of
}

// common returns the parts that two sorted lists share.
func common(a, b []string) []string {
	var both []string
	for _, part := range a {
		if _, ok := slices.BinarySearch(b, part); ok {
			both = append(both, part)
		}
	}
	return both
}

// nameOf returns the name of a part of a key, for people.
func nameOf(key, part string) string { return namesOf(key, []string{part}) }

func namesOf(key string, parts []string) string {
	if len(parts) == 0 || parts[0] == "" {
		return key
	}
	return models.ListKeys(parts) + " of " + key
}

// of returns what a hold of a key covers.
func (h *hold) of(key string) string { return namesOf(key, h.held()) }

// sharedWith returns what a hold has in common with another one.
func (h *hold) sharedWith(o *hold, key string) string {
	return namesOf(key, common(h.held(), o.held()))
}

// inWay describes which parts another hold keeps from h, in a sentence that has named the parts of h.
func (h *hold) inWay(o *hold) string {
	if h.parts == nil {
		return "it"
	}
	return models.ListKeys(common(h.held(), o.held()))
}
