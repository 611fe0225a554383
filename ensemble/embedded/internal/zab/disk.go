package zab

import (
	"fmt"
	"slices"
	"sort"
	"sync/atomic"
	"time"
)

// DefaultKeep is how many entries a new disk keeps in its log.
const DefaultKeep = 100_000

// Disk is the durable storage of one server: two epochs, a state (the base) and
// the log of entries behind it. It lies in memory and outlives the Node that
// works on it: after a kill the next one starts from the same Disk. With Files
// what is durable outlives the process, too. It belongs to the goroutine of its node.
//
// An appended entry is durable once the sync delay has passed. All else is at
// once: the epochs (few bytes, written with care), truncation, and a snapshot
// received from a leader, for which the real server waits, too, before it goes on.
//
// Durable is what was forced to the disk, and only that is acknowledged. So neither a crash of the process nor a loss
// of power takes what was acknowledged. With Hasty it is what was written: a crash takes nothing of that, and a loss
// of power does.
type Disk struct {
	// Keep is the length from which on the log is shortened: its oldest entries,
	// as far as they are committed and durable, go into the base, one for each
	// entry that comes. A learner that lags behind by more needs a snapshot. 0 or
	// less keeps everything.
	Keep int
	// Taken, if not nil, is the zxid up to which all readers of the log have read what was committed.
	// What comes after it stays in the log, however long that gets.
	Taken *atomic.Int64
	// Hasty acknowledges entries before they are forced to the disk, as Apache ZooKeeper does with forceSync=no. The
	// operating system forces them by itself, after writeBack. Not with Files.
	Hasty bool

	accepted int64 // the latest epoch whose leader was promised obedience
	current  int64 // the latest epoch whose leader's log was taken over
	boots    int

	base      State
	baseZxid  int64
	members   *Members // those of the base; nil: those configured
	changes   []change // of the members, by entries of log
	log       []Entry  // shared in part with messages: written only behind its end
	committed int      // entries of log that are known to be committed

	delay   time.Duration
	held    bool  // what is forced does not reach the disk
	durable int64 // zxid up to which a crash takes nothing
	forced  int64 // if Hasty, zxid up to which a loss of power takes nothing
	undone  bool  // entries were dropped that were known to be committed
	writes  []write
	dated   int // how many of writes have their due time

	files  Files // nil: nothing outlives the process
	broken bool  // they could not be written
	folded int   // entries that went into the base since the files were replaced
}

// writeBack is how long an operating system may keep what was written before it forces that by itself: Linux as long as
// vm.dirty_expire_centisecs says, half a minute.
const writeBack = 30 * time.Second

// write is an entry on its way to the disk.
type write struct {
	zxid int64
	due  time.Time
}

// NewDisk returns the disk of a server that never ran. It takes the state over.
func NewDisk(empty State) *Disk {
	return &Disk{Keep: DefaultKeep, base: empty, members: membersOf(empty)}
}

// Begin makes epoch the first that a leader may have.
func (d *Disk) Begin(epoch int64) { d.accepted = max(d.accepted, epoch-1) }

// SetDelay makes each entry that is appended from now on take that long until it
// is durable. Entries become durable in order.
func (d *Disk) SetDelay(delay time.Duration) { d.delay = delay }

// Delay returns the delay that SetDelay has set.
func (d *Disk) Delay() time.Duration { return d.delay }

// Crash drops what is not durable. It must be called after the node has ended.
func (d *Disk) Crash() {
	d.cut(d.index(d.durable))
}

// Hold keeps what is forced from reaching the disk, until it is called with false or the power is lost.
func (d *Disk) Hold(hold bool) { d.held = hold }

// Held reports whether Hold keeps what is forced from reaching the disk.
func (d *Disk) Held() bool { return d.held }

// LosePower drops what was not forced to the disk, but for its first entries: keep, at least 0 and less than 1, chooses
// how many of them remain. It returns how many were not forced, and how many are lost. It must be called after the node
// has ended.
func (d *Disk) LosePower(keep float64) (unforced, lost int) {
	d.held = false
	from := d.index(d.safe())
	unforced = len(d.log) - from
	kept := int(keep * float64(unforced+1))
	if end := d.zxidBefore(from + kept); end > d.durable && !d.write(end) {
		kept = 0
	}
	d.cut(from + kept)
	d.forced, d.writes, d.dated = d.LastZxid(), nil, 0
	return unforced, unforced - kept
}

// safe returns the zxid up to which a loss of power takes nothing.
func (d *Disk) safe() int64 {
	if d.Hasty {
		return d.forced
	}
	return d.durable
}

// Empty makes the disk that of a server that never ran, which begins with the given state. It reports
// whether that could be written to the files, if there are any. Call it when no node works on the disk.
func (d *Disk) Empty(state State) bool {
	if d.files != nil && !(d.wrote(d.files.Replace(state, 0, nil)) && d.wrote(d.files.Epochs(0, 0))) {
		return false
	}
	*d = Disk{Keep: d.Keep, Taken: d.Taken, Hasty: d.Hasty, boots: d.boots, delay: d.delay, files: d.files, base: state, members: membersOf(state)}
	return true
}

// Blank reports whether the disk holds no entry, and no state that entries led to.
func (d *Disk) Blank() bool { return d.baseZxid == 0 && len(d.log) == 0 }

// Committed returns the entries behind the base that this server knows to be
// committed, in the order of their zxids. The slice is shared: not to be changed.
func (d *Disk) Committed() []Entry { return d.log[:d.committed:d.committed] }

// Base returns the zxid of the base: the entries up to there are no longer in the log.
func (d *Disk) Base() int64 { return d.baseZxid }

// LastZxid returns the zxid of the last entry in the log, committed or not, durable or not.
func (d *Disk) LastZxid() int64 { return d.zxidBefore(len(d.log)) }

// LastCommitted returns the zxid up to which all is known to be committed.
func (d *Disk) LastCommitted() int64 { return d.zxidBefore(d.committed) }

// AcceptedEpoch returns the latest epoch that this server has promised to follow.
func (d *Disk) AcceptedEpoch() int64 { return d.accepted }

// CurrentEpoch returns the latest epoch whose leader's log this server has taken over.
func (d *Disk) CurrentEpoch() int64 { return d.current }

// Whole returns the state behind all entries of the log, committed or not, as an
// independent copy.
func (d *Disk) Whole() State {
	s := d.base.Clone()
	for _, e := range d.log {
		s.Apply(e)
	}
	return s
}

// zxidBefore returns the zxid of the entry before log[i], or of the base.
func (d *Disk) zxidBefore(i int) int64 {
	if i == 0 {
		return d.baseZxid
	}
	return d.log[i-1].Zxid
}

// index returns the place in the log of the first entry behind zxid.
func (d *Disk) index(zxid int64) int {
	if n := len(d.log); n == 0 || zxid >= d.log[n-1].Zxid {
		return n
	}
	return sort.Search(len(d.log), func(i int) bool { return d.log[i].Zxid > zxid })
}

// holds reports whether the history here goes through zxid: the base ends
// there, or the log has that entry.
func (d *Disk) holds(zxid int64) bool {
	return zxid >= d.baseZxid && d.zxidBefore(d.index(zxid)) == zxid
}

// append puts an entry at the end of the log.
func (d *Disk) append(e Entry) {
	if last := d.LastZxid(); !follows(last, e.Zxid) {
		panic(fmt.Sprintf("zab: entry %#x does not follow %#x", e.Zxid, last))
	}
	d.log = append(d.log, e)
	d.note(e)
	switch {
	case d.Hasty:
		d.durable = e.Zxid
	case d.delay <= 0 && !d.held && len(d.writes) == 0 && d.files == nil:
		d.durable = e.Zxid
		return
	}
	d.writes = append(d.writes, write{zxid: e.Zxid})
}

// follows reports whether next may come behind last in a log: without a gap in
// the same epoch, or as the first of a later one.
func follows(last, next int64) bool {
	return next == last+1 || epochOf(next) > epochOf(last) && counterOf(next) == 1
}

// advance tells the disk the time.
func (d *Disk) advance(now time.Time) {
	for ; d.dated < len(d.writes); d.dated++ {
		w := &d.writes[d.dated]
		w.due = now.Add(d.delay)
		if d.Hasty {
			w.due = w.due.Add(writeBack)
		}
		if i := d.dated; i > 0 && w.due.Before(d.writes[i-1].due) {
			w.due = d.writes[i-1].due
		}
	}
	due := 0
	for !d.held && due < len(d.writes) && !d.writes[due].due.After(now) {
		due++
	}
	if due == 0 || d.broken {
		return
	}
	if zxid := d.writes[due-1].zxid; d.Hasty {
		d.forced = zxid
	} else if !d.write(zxid) {
		return
	}
	d.writes = d.writes[due:]
	d.dated -= due
}

// next returns the time at which advance has something to do, if ever.
func (d *Disk) next(now time.Time) (time.Time, bool) {
	switch {
	case d.broken:
	case d.held && d.dated == len(d.writes):
	case d.dated < len(d.writes):
		return now, true
	case d.dated > 0:
		return d.writes[0].due, true
	}
	return time.Time{}, false
}

// synced reports whether the whole log is durable.
func (d *Disk) synced() bool { return len(d.writes) == 0 || d.Hasty }

// commit takes note that all up to zxid is committed.
func (d *Disk) commit(zxid int64) {
	if i := d.committed; i < len(d.log) && d.log[i].Zxid == zxid { // nearly always
		d.committed++
		return
	}
	if zxid > d.LastZxid() {
		panic(fmt.Sprintf("zab: commit %#x is behind the end of the log %#x", zxid, d.LastZxid()))
	}
	d.committed = max(d.committed, d.index(zxid))
}

// fold shortens the log to Keep.
func (d *Disk) fold() {
	if d.Keep <= 0 || len(d.log) <= d.Keep {
		return
	}
	end := d.durable
	if d.Taken != nil {
		end = min(end, d.Taken.Load())
	}
	for len(d.log) > d.Keep && d.committed > 0 && d.log[0].Zxid <= end {
		d.base.Apply(d.log[0])
		d.baseZxid = d.log[0].Zxid
		d.settleFirst()
		d.log = d.log[1:]
		d.committed--
		d.folded++
	}
	// The files are shortened less often: that costs as much as they hold.
	if d.files != nil && d.folded > d.Keep && !d.broken {
		d.folded = 0
		d.wrote(d.files.Replace(d.base, d.baseZxid, d.log[:d.index(d.durable)]))
	}
}

// cut drops all entries from log[i] on.
func (d *Disk) cut(i int) {
	// The next append must not write into what messages may still show.
	d.log = d.log[:i:i]
	d.committed = min(d.committed, i)
	d.forget()
	last := d.LastZxid()
	d.forced = min(d.forced, last)
	if last < d.durable {
		d.durable = last
		if d.files != nil {
			d.wrote(d.files.Cut(last))
		}
	}
	for n := len(d.writes); n > 0 && d.writes[n-1].zxid > last; n-- {
		d.writes = d.writes[:n-1]
	}
	d.dated = min(d.dated, len(d.writes))
}

// adopt takes over the leader's log.
func (d *Disk) adopt(s *Sync) {
	if s.Mode == Snap {
		d.replace(s)
		return
	}
	if !d.holds(s.After) {
		panic(fmt.Sprintf("zab: told to go on from %#x, which is not in the log (%#x to %#x)", s.After, d.baseZxid, d.LastZxid()))
	}
	// Entries that are here already stay, and stay durable: one of them may be
	// committed thanks to this very copy.
	i, rest := d.index(s.After), s.Entries
	for i < len(d.log) && len(rest) > 0 && d.log[i].Zxid == rest[0].Zxid {
		i, rest = i+1, rest[1:]
	}
	if i < len(d.log) {
		if d.undone = d.undone || i < d.committed; d.undone && !d.Hasty {
			panic(fmt.Sprintf("zab: told to drop the committed entries %#x to %#x", d.log[i].Zxid, d.LastCommitted()))
		}
		d.cut(i)
	}
	d.log = slices.Grow(d.log, len(rest))
	for _, e := range rest {
		d.append(e)
	}
}

// replace takes over a snapshot and the log behind it, as one.
func (d *Disk) replace(s *Sync) {
	if d.undone = d.undone || s.After < d.LastCommitted(); d.undone && !d.Hasty {
		panic(fmt.Sprintf("zab: snapshot at %#x lacks committed entries up to %#x", s.After, d.LastCommitted()))
	}
	d.base, d.baseZxid = s.Snapshot, s.After
	d.log, d.committed = slices.Clone(s.Entries), 0
	d.reread()
	d.writes, d.dated, d.durable, d.forced, d.folded = nil, 0, d.LastZxid(), d.LastZxid(), 0
	if d.files != nil && !d.wrote(d.files.Replace(d.base, d.baseZxid, d.log)) {
		d.durable = 0 // the leader is not told that it is here
	}
}

// choose returns how to bring a learner in line with the log up to, but without, log[end]. The last
// entry of the learner's own log is last, and it knows the log to be committed up to committed.
//
// Two logs that both have an entry are the same up to there: no server accepts an entry of an epoch
// before its log equals the log of the epoch's leader. So the last common entry is the end of the
// learner's log; or, if the leader has only the beginning of what that epoch proposed, the last entry
// of that epoch that it has; or, if the leader has nothing of that epoch, an unknown entry, but not
// before the last committed one.
func (d *Disk) choose(last, committed int64, end int) *Sync {
	behind := func(zxid int64) []Entry { return d.log[min(d.index(zxid), end):end:end] }
	if d.holds(last) {
		return &Sync{Mode: Diff, After: last, Entries: behind(last)}
	}
	if last > d.baseZxid {
		if before := d.zxidBefore(d.index(last)); epochOf(before) == epochOf(last) {
			return &Sync{Mode: Trunc, After: before, Entries: behind(before)}
		}
		if d.holds(committed) {
			return &Sync{Mode: Trunc, After: committed, Entries: behind(committed)}
		}
	}
	return &Sync{Mode: Snap, After: d.baseZxid, Snapshot: d.base.Clone(), Entries: behind(d.baseZxid)}
}

func epochOf(zxid int64) int64   { return zxid >> 32 }
func counterOf(zxid int64) int64 { return zxid & 0xffffffff }
func first(epoch int64) int64    { return epoch << 32 }
