package wire

import (
	"bytes"
	"slices"
)

// This file has the parts that several records share: stats, access control
// lists, lists of strings.

// statSize is the length of every Stat.
const statSize = 68

// Append appends the stat to b.
func (s Stat) Append(b []byte) []byte {
	b = AppendLong(b, s.Czxid)
	b = AppendLong(b, s.Mzxid)
	b = AppendLong(b, s.Ctime)
	b = AppendLong(b, s.Mtime)
	b = AppendInt(b, s.Version)
	b = AppendInt(b, s.Cversion)
	b = AppendInt(b, s.Aversion)
	b = AppendLong(b, s.EphemeralOwner)
	b = AppendInt(b, s.DataLength)
	b = AppendInt(b, s.NumChildren)
	return AppendLong(b, s.Pzxid)
}

// WithoutTimes returns a copy of a record that ends with a stat, in which the stat lacks the values that
// differ between otherwise equal runs: the zxids, the times, and the owning session. A record that is too
// short for a stat is returned as it is.
func WithoutTimes(record []byte) []byte {
	at := len(record) - statSize
	if at < 0 {
		return record
	}
	d := Decoder{rest: record[at:]}
	s := d.stat()
	s.Czxid, s.Mzxid, s.Pzxid, s.Ctime, s.Mtime = 0, 0, 0, 0, 0
	s.EphemeralOwner = min(1, max(-1, s.EphemeralOwner)) // whether there is one
	return s.Append(slices.Clone(record[:at]))
}

func (d *Decoder) stat() Stat {
	return Stat{
		Czxid: d.Long(), Mzxid: d.Long(), Ctime: d.Long(), Mtime: d.Long(),
		Version: d.Int(), Cversion: d.Int(), Aversion: d.Int(), EphemeralOwner: d.Long(),
		DataLength: d.Int(), NumChildren: d.Int(), Pzxid: d.Long(),
	}
}

// smallestACL is the length of permissions and two empty strings.
const smallestACL = 12

// openACL is the list in most creates, which all share this value.
var (
	openACL     = []ACL{{Perms: PermAll, ID: ID{Scheme: "world", ID: "anyone"}}}
	openACLWire = appendACL(nil, openACL)
)

// acl reads an access control list; null becomes nil.
func (d *Decoder) acl() []ACL {
	if d.err == nil && bytes.HasPrefix(d.rest, openACLWire) {
		d.rest = d.rest[len(openACLWire):]
		return openACL[:1:1]
	}
	n, null := d.vector(smallestACL)
	if null {
		return nil
	}
	list := make([]ACL, n)
	for i := range list {
		list[i] = ACL{Perms: Perm(d.Int()), ID: ID{Scheme: d.String(), ID: d.String()}}
	}
	return list
}

// appendACL appends an access control list, with nil as null.
func appendACL(b []byte, list []ACL) []byte {
	if list == nil {
		return AppendInt(b, -1)
	}
	b = AppendInt(b, int32(len(list)))
	for i := range list {
		a := &list[i]
		b = AppendString(AppendString(AppendInt(b, int32(a.Perms)), a.ID.Scheme), a.ID.ID)
	}
	return b
}

// strings reads a list of strings; null becomes nil.
func (d *Decoder) strings() []string {
	const smallest = 4 // an empty string
	n, null := d.vector(smallest)
	if null {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.String()
	}
	return list
}

// appendStrings appends a list of strings, with nil as an empty list: no client sends a null list, and
// servers fail on null in setWatches.
func appendStrings(b []byte, list []string) []byte {
	b = AppendInt(b, int32(len(list)))
	for _, s := range list {
		b = AppendString(b, s)
	}
	return b
}
