package agreement

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// This file tells a difference between servers from a change that is under way.
//
// In a round each server is read after a quorum write through it, and every write of a
// round is proposed after all reads of the previous round were answered. So in one round a
// server shows at least everything that any server showed in the previous round. A znode
// has each of its states only once, because a change raises its zxids or versions. If
// server A shows the same state of a znode in three rounds, it had that state all the time
// from the first round to the third. That includes the moment of the log that server B
// shows in the second round. If B shows another state there, or no znode, one of the two
// servers is wrong, whatever changed meanwhile.
//
// This argument covers znodes that some server has, and of two trees that differ, one
// always has such a znode.

const (
	certainAfter  = 3
	mostRounds    = 10
	betweenRounds = 27_183 * time.Microsecond
)

// rounds is a comparison under way.
type rounds struct {
	of      Config
	found   history.Agreement
	opened  []*reader
	readers []*reader // the readers whose servers are compared
	largest int64     // the most znodes that a server reports
	past    [][]row   // the differences of the latest rounds
}

// read reads all trees. Servers that cannot be read are left out from now on, and earlier
// findings are discarded.
func (r *rounds) read(ctx context.Context) []tree {
	trees := make([]tree, len(r.readers))
	errs := make([]error, len(r.readers))
	each(r.readers, func(i int, one *reader) { trees[i], errs[i] = one.read(ctx, r.of.Fence, r.of.Root) })
	var left []*reader
	var whole []tree
	for i, one := range r.readers {
		if errs[i] != nil {
			r.unread(one.server, errs[i])
			r.past = nil
			continue
		}
		left, whole = append(left, one), append(whole, trees[i])
	}
	r.readers = left
	return whole
}

// row is a znode as each server has it; the zero znode for a server without it.
type row struct {
	path string
	of   []znode
}

// differences returns the znodes that are not the same in all trees, by path.
func differences(trees []tree) (rows []row) {
	first := trees[0]
	if !slices.ContainsFunc(trees[1:], func(t tree) bool { return !maps.Equal(first, t) }) {
		return nil
	}
	paths := map[string]bool{}
	for _, t := range trees {
		for path := range t {
			paths[path] = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		w := row{path: path}
		for _, t := range trees {
			w.of = append(w.of, t[path])
		}
		if len(slices.Compact(slices.Clone(w.of))) > 1 {
			rows = append(rows, w)
		}
	}
	return rows
}

// certain returns the differences that were the same in this round and those before it.
func (r *rounds) certain(rows []row) (those []row) {
	r.past = append(r.past, rows)
	if len(r.past) < certainAfter {
		return nil
	}
	r.past = r.past[len(r.past)-certainAfter:]
	for _, w := range rows {
		if !slices.ContainsFunc(r.past[:certainAfter-1], func(before []row) bool { return !has(before, w) }) {
			those = append(those, w)
		}
	}
	return those
}

func has(rows []row, w row) bool {
	i, found := slices.BinarySearchFunc(rows, w.path, func(w row, path string) int { return strings.Compare(w.path, path) })
	return found && slices.Equal(rows[i].of, w.of)
}

// difference returns the first field in which servers differ, with the value of each.
func (w row) difference(readers []*reader) history.TreeDifference {
	d := history.TreeDifference{Path: w.path}
	for _, f := range fields {
		d.Field, d.Values = f.name, nil
		for i, z := range w.of {
			id, value := readers[i].server.ID(), f.of(z)
			at := slices.IndexFunc(d.Values, func(v history.TreeValue) bool { return v.Value == value })
			if at < 0 {
				d.Values = append(d.Values, history.TreeValue{Servers: []int{id}, Value: value})
				continue
			}
			d.Values[at].Servers = append(d.Values[at].Servers, id)
		}
		if len(d.Values) > 1 {
			break
		}
	}
	slices.SortStableFunc(d.Values, func(x, y history.TreeValue) int { return len(x.Servers) - len(y.Servers) })
	return d
}
