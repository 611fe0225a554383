package broken

import (
	"context"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// rwLine is a read-write lock whose contenders are numbered znodes read-N and write-N. The
// defect decides which contender waits for which.
type rwLine struct {
	conn *zk.Conn
	path string
	node string
	// blocked reports whether the contender at index own in the line must wait.
	blocked func(line []string, own int, reads bool) bool
}

func newRWLine(c *subjects.Client, path string, blocked func(line []string, own int, reads bool) bool) (*rwLine, error) {
	return opened(c, path, func(conn *zk.Conn) *rwLine { return &rwLine{conn: conn, path: path, blocked: blocked} })
}

func writes(name string) bool { return strings.HasPrefix(name, "write-") }

// rightly implements the correct rule: a reader waits for writers ahead of it, a writer for every
// contender ahead.
func rightly(line []string, own int, reads bool) bool {
	return slices.ContainsFunc(line[:own], func(name string) bool { return !reads || writes(name) })
}

func (l *rwLine) Lock(ctx context.Context) error  { return l.acquire(ctx, "write-", false) }
func (l *rwLine) RLock(ctx context.Context) error { return l.acquire(ctx, "read-", true) }

func (l *rwLine) Unlock(context.Context) error { return l.conn.Delete(l.node, -1) }

func (l *rwLine) acquire(ctx context.Context, kind string, reads bool) error {
	node, err := l.conn.Create(l.path+"/"+kind, nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err != nil {
		return err
	}
	l.node = node
	for {
		names, _, changed, err := l.conn.ChildrenW(l.path)
		if err == nil {
			slices.SortFunc(names, func(a, b string) int { return strings.Compare(number(a), number(b)) })
			own := slices.Index(names, node[len(l.path)+1:])
			if own < 0 {
				return zk.ErrNoNode
			}
			if !l.blocked(names, own, reads) {
				return nil
			}
			err = waitFor(ctx, changed)
		}
		if err != nil {
			_ = l.conn.Delete(node, -1)
			return err
		}
	}
}

// number returns the number that the server put at the end of a name.
func number(name string) string { return name[strings.LastIndexByte(name, '-')+1:] }

// ReaderIgnoresWriterAhead returns a read-write lock whose readers ignore writers. Property
// "exclusion" finds it whenever clients compete.
func ReaderIgnoresWriterAhead(c *subjects.Client, path string) (subjects.RWLock, error) {
	return newRWLine(c, path, func(line []string, own int, reads bool) bool { return !reads && rightly(line, own, reads) })
}

// WaitsOnWrongPredecessor returns a read-write lock whose readers wait for every writer in line, as
// in kazoo before 2.9 (kazoo#649): a writer behind a reader also waits for that reader. Property
// "progress" finds it whenever clients compete.
func WaitsOnWrongPredecessor(c *subjects.Client, path string) (subjects.RWLock, error) {
	return newRWLine(c, path, func(line []string, own int, reads bool) bool {
		return rightly(line, own, reads) || reads && slices.ContainsFunc(line, writes)
	})
}

// downgradeSecondNode creates another znode when a writer becomes a reader.
type downgradeSecondNode struct{ *rwLine }

// DowngradeSecondNode returns a read-write lock whose writers downgrade by a second znode, as in
// Curator before 5.5 (CURATOR-621): it comes behind a waiting writer. Property "exclusion" finds it
// whenever clients compete.
func DowngradeSecondNode(c *subjects.Client, path string) (subjects.RWLock, error) {
	l, err := newRWLine(c, path, rightly)
	return downgradeSecondNode{l}, err
}

func (l downgradeSecondNode) Downgrade(context.Context) error {
	node, err := l.conn.Create(l.path+"/read-", nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err != nil {
		return err
	}
	before := l.node
	l.node = node
	return l.conn.Delete(before, -1)
}

// rightRWLock has everything that zklab's own read-write lock offers.
type rightRWLock interface {
	subjects.RWLock
	subjects.Downgrader
	subjects.Revocable
	subjects.Fencer
	subjects.Holder
	subjects.Owner
	subjects.Closer
	TryLock(ctx context.Context) (bool, error)
	TryRLock(ctx context.Context) (bool, error)
}

func newRightRWLock(c *subjects.Client, path string) (rightRWLock, error) {
	inner, err := subjects.NewRWLock(c, path)
	if err != nil {
		return nil, err
	}
	return inner.(rightRWLock), nil
}

// deaf never learns that it is asked for its hold.
type deaf struct{ rightRWLock }

// Deaf returns a read-write lock whose holders do not learn that they are asked for their holds.
// Property "revocation" finds it.
func Deaf(c *subjects.Client, path string) (subjects.RWLock, error) {
	inner, err := newRightRWLock(c, path)
	return deaf{inner}, err
}

func (deaf) Listen(ctx context.Context) (bool, error) {
	<-ctx.Done()
	return false, nil
}

// rwPolls makes its clients poll.
type rwPolls struct {
	polling
	inner rightRWLock
}

// RWPolls returns a read-write lock whose clients retry from time to time instead of standing in
// line, so that readers overtake writers. Property "tokens" finds it whenever clients compete.
func RWPolls(c *subjects.Client, path string) (subjects.RWLock, error) {
	inner, err := newRightRWLock(c, path)
	if err != nil {
		return nil, err
	}
	return opened(c, path, func(conn *zk.Conn) subjects.RWLock { return &rwPolls{polling{conn: conn, path: path}, inner} })
}

func (l *rwPolls) Lock(ctx context.Context) error   { return l.until(ctx, l.inner.TryLock) }
func (l *rwPolls) RLock(ctx context.Context) error  { return l.until(ctx, l.inner.TryRLock) }
func (l *rwPolls) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }
func (l *rwPolls) Close(ctx context.Context) error  { return l.inner.Close(ctx) }

// readsForEver is [ignoresExpiry] for a read-write lock.
type readsForEver struct {
	*ignoresExpiry
	inner *oneMode
}

// ReadsForEver returns a read-write lock whose client keeps using it after its session has expired.
// Property "lost" finds it when sessions expire.
func ReadsForEver(c *subjects.Client, path string) (subjects.RWLock, error) {
	inner, err := newRightRWLock(c, path)
	if err != nil {
		return nil, err
	}
	m := &oneMode{rightRWLock: inner}
	return readsForEver{&ignoresExpiry{inner: m}, m}, nil
}

func (l readsForEver) Lock(ctx context.Context) error {
	l.inner.reads = false
	return l.ignoresExpiry.Lock(ctx)
}

func (l readsForEver) RLock(ctx context.Context) error {
	l.inner.reads = true
	return l.ignoresExpiry.Lock(ctx)
}

// oneMode is a read-write lock with the method names of a lock.
type oneMode struct {
	rightRWLock
	reads bool
}

func (l *oneMode) Lock(ctx context.Context) error {
	if l.reads {
		return l.RLock(ctx)
	}
	return l.rightRWLock.Lock(ctx)
}
