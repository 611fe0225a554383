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
// In a round each server is read behind a quorum write through it, and every write of a round
// is proposed after all reads of the round before were answered. So what a server shows in one
// round is at least all that any server has shown in the round before. A znode has each of its
// states once: a change raises its zxids or versions. If server A shows one state of it in
// three rounds, then it had that state all the time from the first to the third, which includes
// whatever moment of the log server B shows in the second. If B has it otherwise there, or not
// at all, one of the two is wrong, whatever went on meanwhile.
//
// That holds for znodes that some server has, and one of those that differ always is.

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
	readers []*reader // of those, the ones that are compared
	past    [][]row   // the differences of the latest rounds
}

// read reads all trees. Servers that cannot be read are left out from now on, and what was
// found before does not count.
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

// row is a znode as the servers have it; the zero znode where one does not.
type row struct {
	path string
	of   []znode
}

// differences are the znodes that are not the same in all trees, by path.
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

// certain are the differences that were the same in this round and those before it.
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

// difference is the first field in which servers differ, and who has what.
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
