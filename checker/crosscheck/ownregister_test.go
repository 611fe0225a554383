package crosscheck

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// regStep is a write, or a fenced look, in some order.
type regStep struct {
	op
	to, from      string
	cas           bool
	look          *models.Reading
	zxid, version int64
}

// glance is a read that shows some version, perhaps an old one.
type glance struct {
	op
	models.Reading
}

// told holds what a record tells about a register.
type told struct {
	steps   []regStep
	glances []glance
	// fresh means that fenced reads must show the newest value, and that sessions must
	// not go back. values means that only values and times count.
	fresh, values bool
}

func tellOf(h record, fresh bool) told {
	t := told{fresh: fresh}
	for _, o := range h.ops {
		if o.out == fail {
			continue
		}
		switch o.f {
		case models.FRead:
			if o.out != ok {
				continue
			}
			g := glance{op: o}
			must(json.Unmarshal([]byte(o.res), &g.Reading))
			if fresh && strings.Contains(o.arg, models.ReadFenced) {
				t.steps = append(t.steps, regStep{op: o, look: &g.Reading})
			}
			t.glances = append(t.glances, g)
		default:
			s := regStep{op: o, cas: o.f == models.FCAS}
			var value struct{ Value, From, To string }
			must(json.Unmarshal([]byte(o.arg), &value))
			s.to, s.from = value.Value+value.To, value.From
			if o.out == ok {
				var stored models.Stored
				must(json.Unmarshal([]byte(o.res), &stored))
				s.zxid, s.version = o.with.zxid, int64(stored.Version)
			}
			t.steps = append(t.steps, s)
		}
	}
	for _, f := range h.facts {
		if final, is := f.value.(models.Final); is {
			t.steps = append(t.steps, regStep{op: op{client: -1, inv: f.at, ret: f.at, out: ok}, look: final.Register})
		}
	}
	return t
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// explainable tries all orders of the steps, with and without the unknown ones.
func (t told) explainable() bool {
	var order []regStep
	used := make([]bool, len(t.steps))
	var from func() bool
	from = func() bool {
		whole := true
		for i, s := range t.steps {
			whole = whole && (used[i] || s.out != ok)
		}
		if whole && t.right(order) {
			return true
		}
		for i, s := range t.steps {
			if used[i] || t.mustWait(used, s) {
				continue
			}
			used[i], order = true, append(order, s)
			if from() {
				return true
			}
			used[i], order = false, order[:len(order)-1]
		}
		return false
	}
	return from()
}

func (t told) mustWait(used []bool, s regStep) bool {
	for j, other := range t.steps {
		if !used[j] && other.out == ok && other.ret < s.inv {
			return true
		}
	}
	return false
}

// made is a version of the register, made at since at the earliest.
type made struct {
	value string
	zxid  int64 // 0 if no client was told
	since int64
}

// right reports whether an order explains everything.
func (t told) right(order []regStep) bool {
	versions := []made{{}}
	var now int64
	for _, s := range order {
		now = max(now, s.inv)
		last := versions[len(versions)-1]
		switch {
		case s.look != nil:
			final := s.client < 0 && !t.values // the harness's own look always tells the version
			if !t.shown(*s.look, versions, len(versions)-1) || final && int(s.look.Version) != len(versions)-1 {
				return false
			}
			continue
		case s.cas && s.from != last.value, s.version != 0 && s.version != int64(len(versions)):
			return false
		}
		versions = append(versions, made{s.to, s.zxid, now})
	}
	return (t.values || rising(versions, t)) && t.glanced(order, versions)
}

// rising reports whether the zxids that clients were told rise, including those of
// reads.
func rising(versions []made, t told) bool {
	zxids := make([]int64, len(versions))
	set := func(v int, zxid int64) bool {
		if zxid != 0 && zxids[v] != 0 && zxids[v] != zxid {
			return false
		}
		zxids[v] = max(zxids[v], zxid)
		return true
	}
	for v, m := range versions {
		set(v, m.zxid)
	}
	readings := []models.Reading{}
	for _, g := range t.glances {
		readings = append(readings, g.Reading)
	}
	for _, s := range t.steps {
		if s.look != nil {
			readings = append(readings, *s.look)
		}
	}
	for _, r := range readings {
		for v, m := range versions {
			if m.value == r.Value && !set(v, int64(r.Mzxid)) {
				return false
			}
		}
	}
	last := int64(0)
	for v, zxid := range zxids {
		if zxid != 0 && (zxid <= last || zxid < int64(v)) {
			return false
		}
		for w := range v { // leaves room for zxids that no client was told
			if zxid != 0 && zxids[w] != 0 && zxid-zxids[w] < int64(v-w) {
				return false
			}
		}
		last = max(last, zxid)
	}
	return true
}

func (t told) shown(r models.Reading, versions []made, v int) bool {
	return versions[v].value == r.Value && (t.values || r.Version == 0 || int(r.Version) == v)
}

// glanced reports whether each read shows a version that existed by its end and, if
// that is required, none that is older than what its session knew.
func (t told) glanced(order []regStep, versions []made) bool {
	type knows struct {
		op
		version int
	}
	var known []knows
	n := 0
	for _, s := range order {
		if s.look == nil {
			if n++; s.out == ok {
				known = append(known, knows{s.op, n})
			}
		}
	}
	at := make([]int, len(t.glances))
	for i, g := range t.glances {
		at[i] = -1
		for v, m := range versions {
			if t.shown(g.Reading, versions, v) && m.since <= g.ret {
				at[i] = v
			}
		}
		if at[i] < 0 {
			return false
		}
		known = append(known, knows{g.op, at[i]})
	}
	for i, g := range t.glances {
		for _, k := range known {
			before := k.ret < g.inv || k.ret == g.inv && k.client == g.client // a client's calls come one after the other
			if t.fresh && !t.values && k.with.session == g.with.session && before && k.version > at[i] {
				return false
			}
		}
	}
	return true
}

// registerAnswers returns the answer for linearizable, by values and times alone, and
// whether anything is wrong: certainly if no story explains versions, zxids and times,
// and certainly not if one story explains everything. Anything in between is left open.
func registerAnswers(h record) answers {
	all := answers{"linearizable": valid, "anything": unknown}
	plain := tellOf(h.plainly(), true)
	plain.values = true
	if !plain.explainable() {
		all["linearizable"] = violation
	}
	if tellOf(h, true).explainable() {
		all["anything"] = valid
	} else if h.tellsAll() && !tellOf(h, false).explainable() {
		all["anything"] = violation
	}
	return all
}

// tellsAll reports whether zxids and versions are told wherever they can be.
func (h record) tellsAll() bool {
	for _, o := range h.ops {
		if o.out == ok && (!strings.Contains(o.res, "version") && !strings.Contains(o.res, `"value":""`) || o.f != models.FRead && o.with.zxid == 0 || o.f == models.FRead && !strings.Contains(o.res, "mzxid")) {
			return false
		}
	}
	return true
}

// plainly leaves out what only zxids, versions and sessions show.
func (h record) plainly() record {
	less := h
	less.ops = nil
	for _, o := range h.ops {
		o.with = evidence{}
		switch {
		case o.f == models.FRead && !strings.Contains(o.arg, models.ReadFenced):
			continue
		case o.f == models.FRead && o.out == ok:
			var r models.Reading
			must(json.Unmarshal([]byte(o.res), &r))
			o.res = fmt.Sprintf(`{"value":%q}`, r.Value)
		case o.out == ok:
			o.res = "{}"
		}
		less.ops = append(less.ops, o)
	}
	return less
}

// ownRegister generates a register whose subject tells zxids and versions, only zxids, or
// neither.
func ownRegister(r *rand.Rand) record {
	h := record{model: models.Register.Name, order: r.Uint64(), ops: intervals(r, 7)}
	for i := range h.ops {
		o := &h.ops[i]
		o.key, o.with.session = "k", int64(0x10+o.client)
		o.with.owner = o.with.session
		o.f = pick(r, models.FWrite, models.FCAS, models.FCAS, models.FRead, models.FRead)
		switch o.f {
		case models.FWrite:
			o.arg, o.res = fmt.Sprintf(`{"value":"v%d"}`, i), "{}"
		case models.FCAS:
			o.arg, o.res = fmt.Sprintf(`{"from":%q,"to":"v%d"}`, value(r, i), i), "{}"
		default:
			o.arg = fmt.Sprintf(`{"kind":%q}`, pick(r, models.ReadPlain, models.ReadFenced, models.ReadFenced))
			o.res = fmt.Sprintf(`{"value":%q}`, value(r, len(h.ops)))
		}
	}
	if !chance(r, 4) {
		h.writeAndRead(r, r.IntN(3))
		for range r.IntN(3) {
			h.misreport(r)
		}
	}
	h.tidy(r)
	return h
}

func value(r *rand.Rand, n int) string {
	if n == 0 || chance(r, 4) {
		return ""
	}
	return fmt.Sprint("v", r.IntN(n))
}

// writeAndRead lets a register answer, with versions and zxids as far as it tells them.
func (h *record) writeAndRead(r *rand.Rand, tells int) {
	versions := []models.Reading{{Mzxid: 1}}
	told := func(v int) models.Reading {
		all := versions[v]
		if tells == 0 {
			all.Mzxid = 0
		}
		if tells < 2 {
			all.Version = 0
		}
		return all
	}
	knew := map[int]int{}
	zxid := history.ID(1)
	for _, m := range moments(r, h.ops) {
		o := &h.ops[m.op]
		last := versions[len(versions)-1]
		if o.f == models.FRead {
			v := len(versions) - 1
			if strings.Contains(o.arg, models.ReadPlain) {
				v = knew[o.client] + r.IntN(v-knew[o.client]+1)
			}
			knew[o.client] = v
			o.res = string(history.Value(told(v)))
			continue
		}
		zxid += history.ID(1 + r.IntN(2))
		next := models.Reading{Value: fmt.Sprint("v", m.op), Mzxid: zxid, Version: int32(len(versions))}
		if o.f == models.FCAS {
			o.arg = fmt.Sprintf(`{"from":%q,"to":%q}`, last.Value, next.Value)
		}
		versions = append(versions, next)
		o.with.zxid = int64(told(len(versions) - 1).Mzxid)
		o.res = string(history.Value(models.Stored{Version: told(len(versions) - 1).Version}))
		if o.out == ok {
			knew[o.client] = len(versions) - 1
		}
	}
	if chance(r, 2) {
		var end int64
		for _, o := range h.ops {
			end = max(end, o.ret)
		}
		final := versions[len(versions)-1]
		if chance(r, 4) {
			final = pick(r, versions...)
		}
		h.facts = append(h.facts, fact{at: max(0, end+int64(r.IntN(4)-1)), of: history.Nemesis, client: -1, f: history.FFinal, key: "k", value: models.Final{Register: &final}})
	}
}

// misreport makes one change.
func (h *record) misreport(r *rand.Rand) {
	o, p := &h.ops[r.IntN(len(h.ops))], &h.ops[r.IntN(len(h.ops))]
	switch r.IntN(4) {
	case 0:
		if o.f == p.f || o.f != models.FRead && p.f != models.FRead {
			o.res, p.res = p.res, o.res
		}
	case 1:
		o.with.zxid, p.with.zxid = p.with.zxid, o.with.zxid
	case 2:
		o.out = pick(r, ok, fail, info)
	case 3:
		o.inv, o.ret = max(0, o.inv+int64(r.IntN(7)-3)), o.ret+int64(r.IntN(7)-3)
	}
	if o.f == models.FRead {
		o.with.zxid = 0
	}
	if p.f == models.FRead {
		p.with.zxid = 0
	}
}

// anything is wrong if one of the properties is violated.
func anything(h record) answers {
	all := h.zklab()
	worst := valid
	for _, answer := range all {
		if answer == violation || strings.HasPrefix(answer, "defect") {
			worst = answer
		}
	}
	all["anything"] = worst
	return all
}

func TestOwnRegister(t *testing.T) {
	own{name: "register", generate: ownRegister, ours: registerAnswers, zklab: anything}.compare(t)
}
