package zab

// Files keeps the content of a disk where it outlives the process. It holds only the durable part of
// the log: each method returns when its data are written.
//
// After a method has returned false, nothing more becomes durable, and the node makes no promise any
// more: its owner has to end the server.
type Files interface {
	// Append writes entries behind the others.
	Append(entries []Entry) bool
	// Cut drops the entries behind last.
	Cut(last int64) bool
	// Epochs replaces the two epochs.
	Epochs(accepted, current int64) bool
	// Replace replaces base and log, all or nothing.
	Replace(base State, baseZxid int64, log []Entry) bool
}

// Stored is the contents of the files.
type Stored struct {
	Accepted, Current int64 // epochs
	Base              State
	BaseZxid          int64
	Log               []Entry
}

// RestoreDisk returns the disk of a server that ran before, with what its files
// hold. What of the log was committed is not known: the next leader's is.
func RestoreDisk(s Stored, files Files) *Disk {
	d := NewDisk(s.Base)
	d.accepted, d.current = s.Accepted, s.Current
	d.baseZxid, d.log = s.BaseZxid, s.Log
	d.reread()
	d.durable = d.LastZxid()
	d.files = files
	return d
}

// Flush makes all that was appended durable, where it outlives the process. To be
// called when the node is gone.
func (d *Disk) Flush() {
	if d.files != nil && d.write(d.LastZxid()) {
		d.writes, d.dated = nil, 0
	}
}

// accept promises an epoch, unless that cannot be written down.
func (d *Disk) accept(epoch int64) bool { return d.setEpochs(epoch, d.current) }

// enter makes an epoch the current one, unless that cannot be written down.
func (d *Disk) enter(epoch int64) bool { return d.setEpochs(d.accepted, epoch) }

func (d *Disk) setEpochs(accepted, current int64) bool {
	if d.files != nil && !d.wrote(d.files.Epochs(accepted, current)) {
		return false
	}
	d.accepted, d.current = accepted, current
	return true
}

// write makes the log durable up to zxid.
func (d *Disk) write(zxid int64) bool {
	if d.files != nil && zxid > d.durable && !d.wrote(d.files.Append(d.log[d.index(d.durable):d.index(zxid)])) {
		return false
	}
	d.durable = zxid
	return true
}

func (d *Disk) wrote(ok bool) bool {
	d.broken = d.broken || !ok
	return !d.broken
}
