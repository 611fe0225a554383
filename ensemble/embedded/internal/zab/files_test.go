package zab

import "slices"

// paper holds files in memory: what a server of the simulation has after a crash of its whole process.
type paper struct {
	Stored
	lose string // a deliberate defect: the name of the method that does nothing
}

func newPaper() *paper { return &paper{Stored: Stored{Base: &tally{}}} }

func (p *paper) Append(entries []Entry) bool {
	if p.lose == "append" {
		return true
	}
	p.Log = append(p.Log, entries...)
	return true
}

func (p *paper) Cut(last int64) bool {
	if p.lose == "cut" {
		return true
	}
	p.Log = slices.DeleteFunc(slices.Clone(p.Log), func(e Entry) bool { return e.Zxid > last })
	return true
}

func (p *paper) Epochs(accepted, current int64) bool {
	if p.lose == "epochs" {
		return true
	}
	p.Accepted, p.Current = accepted, current
	return true
}

func (p *paper) Replace(base State, baseZxid int64, log []Entry) bool {
	if p.lose == "replace" {
		return true
	}
	p.Base, p.BaseZxid, p.Log = base.Clone(), baseZxid, slices.Clone(log)
	return true
}

// reread returns the disk of a server whose process has crashed: its files have exactly what the server
// claimed to be durable.
func (v *server) reread() {
	if v.files == nil {
		return
	}
	old := v.disk
	s := v.files.Stored
	s.Base, s.Log = s.Base.Clone(), slices.Clone(s.Log)
	d := RestoreDisk(s, v.files)
	d.Keep, d.boots = old.Keep, old.boots
	d.SetDelay(old.Delay())
	if d.LastZxid() != old.durable || d.accepted != old.accepted || d.current != old.current {
		violated("server %d had a disk up to %#x, epochs %d and %d; in its files it has %#x, %d and %d",
			v.id, old.durable, old.accepted, old.current, d.LastZxid(), d.accepted, d.current)
	}
	v.disk = d
}
