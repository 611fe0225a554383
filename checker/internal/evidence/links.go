package evidence

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file finds clients that bypass their links. A subject that dials the servers directly, at
// once or when it reconnects, has a session that its link does not know: faults of the link do not
// reach it, and the record goes on with a session that does nothing more. Then it is wrong which
// znode belongs to which client, which session lived when and which client has seen what, and what
// looks like a violation may be none.
//
// The transaction log shows it: a session wrote below the run's root that no link carried. The
// record has the harness's own sessions. Older records have no root, and are decided without this.

// Links holds what the clients' links carried.
type Links struct {
	carried  map[history.ID]bool // sessions that they carried, and the harness's own
	Unlinked []*UnlinkedSession  // sessions that no link carried
	// NamesSessions means that the record names the sessions that links carried.
	NamesSessions bool
}

// UnlinkedSession is a session that wrote below the run's root and that no link carried.
type UnlinkedSession struct {
	ID          history.ID
	Writes      int
	first, last uint64 // zxids
	// Client is the client that the session seems to belong to: the one that was told the results of
	// what the session did, or else the only client that changed nothing in that time in its own
	// sessions. It is -1 if that is not known.
	Client int

	did  map[int]int  // client → how many results of what the session did it got
	idle map[int]bool // clients that changed nothing in that time
}

// findUnlinked looks for sessions that no link carried, if the record contains enough
// to recognise them.
func (a *Record) findUnlinked() {
	if a.Params.Root == "" || !a.AnyTransaction() {
		return
	}
	a.NamesSessions = true
	found := map[history.ID]*UnlinkedSession{}
	known := a.knownUpTo()
	for t := range a.EachTransaction() {
		if uint64(t.Zxid) > known {
			break
		}
		if t.Session == 0 || a.carried[t.Session] || !t.Below(a.Params.Root) {
			continue
		}
		s := found[t.Session]
		if s == nil {
			s = &UnlinkedSession{ID: t.Session, first: uint64(t.Zxid), did: map[int]int{}, idle: map[int]bool{}}
			found[t.Session] = s
			a.Unlinked = append(a.Unlinked, s)
		}
		s.Writes++
		s.last = uint64(t.Zxid)
	}
	if len(found) == 0 {
		return
	}
	a.account(found)
	for _, s := range a.Unlinked {
		s.Client = s.guess()
		if named := a.Session(s.ID); named != nil { // the subject named it
			s.Client = named.Client
		}
	}
}

// PathUsed reports whether a client wrote below the run's root, where objects are.
func (a *Record) PathUsed() bool {
	root := a.Params.Root + "/"
	below := func(t history.Txn) bool { return strings.HasPrefix(t.Path, root) }
	for t := range a.EachTransaction() {
		s := a.Session(t.Session)
		own := a.carried[t.Session] && (s == nil || s.Client < 0)
		if t.Session != 0 && !own && (below(*t) || slices.ContainsFunc(t.Parts, below)) {
			return true
		}
	}
	return false
}

// knownUpTo returns the zxid up to which the record has all sessions. A record that was cut off
// lacks sessions that began after its last event, while the transactions go on.
func (a *Record) knownUpTo() uint64 {
	if a.History.Complete {
		return math.MaxUint64
	}
	known := uint64(0)
	for e := range a.History.All() {
		known = max(known, uint64(max(e.Seen, 0)))
	}
	return known
}

// account collects what suggests to which client each of the sessions belongs.
func (a *Record) account(found map[history.ID]*UnlinkedSession) {
	for _, s := range found {
		for client := range a.ofClient {
			if client >= 0 {
				s.idle[client] = true
			}
		}
	}
	items, tokens := a.answers()
	data := map[string]string{} // data of the znodes that exist
	for t := range a.EachTransaction() {
		if !t.Below(a.Params.Root) {
			continue
		}
		for part := range t.Changes() {
			a.works(t, part, found)
			took := changeData(data, part)
			s := found[t.Session]
			if s == nil {
				continue
			}
			if client, ok := items[took]; ok {
				s.did[client]++
			}
			if client, ok := tokens[t.Zxid]; ok {
				s.did[client]++
			}
		}
	}
}

// works notes that a client changes something in a session that its link carries.
func (a *Record) works(t, part *history.Txn, found map[history.ID]*UnlinkedSession) {
	own := a.Session(t.Session)
	if own == nil || !a.carried[t.Session] || part.Type == "check" {
		return
	}
	for _, s := range found {
		if s.first <= uint64(t.Zxid) && uint64(t.Zxid) <= s.last {
			delete(s.idle, own.Client)
		}
	}
}

// changeData applies a change to the data of znodes, and returns the data of a znode that it deletes.
func changeData(data map[string]string, part *history.Txn) (was string) {
	switch {
	case part.Creates():
		data[part.Path] = string(part.Data)
	case part.Type == "delete":
		was = data[part.Path]
		delete(data, part.Path)
	}
	return was
}

// answers returns the items that came out of queues, and the tokens of holds, with the
// client that was given them.
func (a *Record) answers() (items map[string]int, tokens map[history.ID]int) {
	items, tokens = map[string]int{}, map[history.ID]int{}
	for _, k := range a.Keys {
		for op := range k.EachOp() {
			if op.Outcome() != history.OK {
				continue
			}
			switch {
			case a.Object.Operation(op.F).Takes:
				var v models.Item
				a.Decode(op.Return, &v)
				items[v.Item] = op.Client
			case a.Object.Grants(op.F):
				var g models.Grant
				a.Decode(op.Return, &g)
				tokens[g.Token] = op.Client
			}
		}
	}
	delete(items, "")
	delete(tokens, 0)
	return items, tokens
}

// guess returns the client that got most of the session's results, or the only client
// that changed nothing.
func (s *UnlinkedSession) guess() int {
	clients := slices.Sorted(maps.Keys(s.did))
	if len(clients) > 0 {
		return slices.MaxFunc(clients, func(x, y int) int { return cmp.Compare(s.did[x], s.did[y]) })
	}
	if len(s.idle) == 1 {
		return slices.Collect(maps.Keys(s.idle))[0]
	}
	return -1
}
