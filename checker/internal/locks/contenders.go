package locks

import (
	"context"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// contenders holds the znodes, in the transaction log, on which holds rest: ephemeral
// sequential znodes of clients. A hold's token is the zxid of its contender.
type contenders struct {
	evidence.Layout
	znodes *evidence.Znodes             // nil: nothing is known of them
	grants int                          // holds that the log still shows after the grant was known
	at     map[madeBy][]*evidence.Znode // contenders of one multi in order of their paths
	lines  map[string][]*evidence.Znode // by the line that they stand in
	keys   map[string]string            // of lines, or severalKeys
	// changes has the zxids at which a znode in some folder was created or deleted.
	changes map[uint64]bool
}

// contendersOf returns the contenders of a record; none if nothing is known of its znodes.
var contendersOf = evidence.Once(func(a *evidence.Record) *contenders {
	c := &contenders{at: map[madeBy][]*evidence.Znode{}, lines: map[string][]*evidence.Znode{}, keys: map[string]string{}, changes: map[uint64]bool{}}
	if c.znodes = evidence.ZnodesOf(a); c.znodes == nil {
		return c
	}
	c.index(a)
	for _, k := range a.Keys {
		c.recognise(k)
	}
	return c
})

// madeBy identifies when a contender was created, and by which client.
type madeBy struct {
	zxid   uint64
	client int
}

// index finds the contenders.
func (c *contenders) index(a *evidence.Record) {
	for _, all := range c.znodes.Folders {
		for _, n := range all {
			c.changes[n.Created], c.changes[n.Deleted] = true, true
			if n.Owner == 0 || !n.Sequential() {
				continue
			}
			if s := a.Session(n.Maker); s != nil {
				id := madeBy{n.Created, s.Client}
				i, _ := slices.BinarySearchFunc(c.at[id], n.Path, func(n *evidence.Znode, path string) int { return strings.Compare(n.Path, path) })
				c.at[id] = slices.Insert(c.at[id], i, n)
			}
			if a.Session(n.Owner) != nil {
				c.lines[lineOf(n)] = append(c.lines[lineOf(n)], n)
			}
		}
	}
}

// recognise looks for the contenders of the holds of a key.
func (c *contenders) recognise(k *evidence.Key) {
	for _, op := range k.Ops() {
		if op.F != models.FAcquire || op.Outcome() != history.OK {
			continue
		}
		var g models.Grant
		k.Decode(op.Return, &g)
		switch n := c.contender(g.Token, op.Client); {
		case g.Token == 0:
		case n != nil:
			c.Found++
			for _, part := range askedFor(k, op) {
				c.standsFor(c.contenderFor(g.Token, op.Client, part), k.Name, part)
			}
			if high, _, ok := k.Tie().Ceil(op.Return.Time); ok && n.Deleted > high && c.znodes.Covers(n.Created-1, high) {
				c.grants++
			}
		case c.changes[uint64(g.Token)] && k.Log == nil:
			c.mayStandFor(uint64(g.Token), k.Name)
		case c.shouldHave(k.Record, g.Token, op):
			c.Missing++
		}
	}
}

// mayStandFor records that contenders created at a zxid, of whom it is not known which client they are of, wait for a key.
func (c *contenders) mayStandFor(zxid uint64, key string) {
	for _, all := range c.znodes.Folders {
		for _, n := range all {
			if n.Created == zxid {
				c.standsFor(n, key, "")
			}
		}
	}
}

// standsFor records that the contenders in the line of n wait for a part of a key.
func (c *contenders) standsFor(n *evidence.Znode, key, part string) {
	if n == nil {
		return
	}
	name := nameOf(key, part)
	if of, known := c.keys[lineOf(n)]; known && of != name {
		name = severalKeys
	}
	c.keys[lineOf(n)] = name
}

// contender returns the znode that a client created at the zxid that its token names; nil if there is
// none.
func (c *contenders) contender(token history.ID, client int) *evidence.Znode {
	if all := c.at[madeBy{uint64(token), client}]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// contenderFor returns, of the contenders that the client created at the token's zxid, the one in
// the folder of a part.
func (c *contenders) contenderFor(token history.ID, client int, part string) *evidence.Znode {
	if part == "" {
		return c.contender(token, client)
	}
	for _, n := range c.at[madeBy{uint64(token), client}] {
		if strings.HasSuffix(n.Parent(), "/"+part) {
			return n
		}
	}
	return nil
}

// shouldHave reports whether the contender of a token would be in the log: the log has
// that zxid, or everything that the hold's session ever did. A token can also be the
// pzxid of the folder: the zxid at which some contender was created or deleted.
func (c *contenders) shouldHave(a *evidence.Record, token history.ID, op *history.Operation) bool {
	if c.changes[uint64(token)] {
		return false
	}
	if _, ok := c.znodes.Stretch(uint64(token)); ok || a.Log == nil {
		return ok
	}
	s := a.Log.Sessions[op.Return.Session]
	high, _, ok := a.Zxids.Ceil(op.Return.Time)
	return ok && s != nil && s.Created != 0 && a.Log.Covers(s.Created-1, high)
}

// severalKeys stands for the key of a line in which contenders of different keys stand.
const severalKeys = "\x00"

// lineOf returns a name for the line in which a contender stands, made of its folder and
// its kind.
func lineOf(n *evidence.Znode) string { return n.Parent() + " " + kindOf(n) }

// kindOf returns the word before the number in a sequential name: lock of
// 00ff-lock-0000000007. It is empty if there is no such word, or if the word may be
// part of an id.
func kindOf(n *evidence.Znode) string {
	name := strings.TrimRight(n.Name(), "0123456789")
	name = strings.TrimRight(name, "-_")
	word := name[strings.LastIndexAny(name, "-_")+1:]
	for _, c := range word {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	if strings.Trim(word, "abcdef") == "" {
		return ""
	}
	return word
}

// holdsLogged requires that the log has the contender of each grant.
var holdsLogged = frame.LogAgrees(func(a *evidence.Record) bool { return contendersOf(a).Trusted() }, holdsInLog)

// holdsInLog looks for the contender of each grant.
func holdsInLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	c := contendersOf(k.Record)
	for _, op := range k.Ops() {
		if ctx.Err() != nil {
			return
		}
		if op.F != models.FAcquire || op.Outcome() != history.OK {
			continue
		}
		var g models.Grant
		k.Decode(op.Return, &g)
		switch {
		case g.Token == 0:
		case c.contender(g.Token, op.Client) != nil:
			f.Count("compared", 1)
		case c.shouldHave(k.Record, g.Token, op):
			f.Violated(evidence.EventsOf(op), "client %d was granted %s at %s%s, but the transaction log has no contender that the client created there",
				op.Client, k.Name, words.At(op.Return.Time), words.WithToken(g.Token))
		}
	}
}

// parentOf returns the folder of a line.
func parentOf(line string) string { return line[:strings.LastIndexByte(line, ' ')] }
