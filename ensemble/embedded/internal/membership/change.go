package membership

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Change returns the text after a reconfiguration, with the zxid of that as its
// version. A reconfiguration that changes nothing makes a new version all the same.
// synced reports whether a server is in sync with the leader: without a majority of the
// new voters among them nothing is changed.
func Change(text string, r *wire.ReconfigRequest, zxid int64, synced func(id int64) bool) (string, wire.Code) {
	now, version, err := Parse(text)
	if err != nil {
		return "", wire.SystemError
	}
	if r.FromConfig != -1 && r.FromConfig != version {
		return "", wire.BadVersion
	}
	next, code := now.change(r)
	if code != wire.OK {
		return "", code
	}
	voters := next.Voters()
	inSync := slices.DeleteFunc(slices.Clone(voters), func(id int64) bool { return !synced(id) })
	if len(inSync) <= len(voters)/2 {
		return "", wire.NewConfigNoQuorum
	}
	return next.Text(zxid), wire.OK
}

// AsRead returns the text as a server writes it that has read it.
func AsRead(text string) string {
	m, version, err := Parse(text)
	if err != nil {
		return text
	}
	return m.ordered(javahash.Grown(javahash.Default, len(m))).Text(version)
}

// change returns the members after a reconfiguration: a new list, or these with some removed and some
// added.
func (m Members) change(r *wire.ReconfigRequest) (Members, wire.Code) {
	if r.NewMembers != nil {
		return anew(string(r.NewMembers))
	}
	next := slices.Clone(m)
	for _, leaving := range list(r.Leaving, ",") {
		id, err := strconv.ParseInt(leaving, 10, 64)
		if err != nil {
			return nil, wire.MarshallingError
		}
		next = next.without(id)
	}
	most := len(m)
	for _, joining := range list(r.Joining, ",") {
		s, code := joiner(joining)
		switch {
		case code != wire.OK:
			return nil, code
		case s.ClientHost == "" || next.clash(s):
			return nil, wire.BadArguments
		}
		next = next.set(s)
		most = max(most, len(next))
	}
	if len(next.Voters()) == 0 {
		return nil, wire.BadArguments
	}
	return next.ordered(javahash.Grown(javahash.Copied(len(m)), most)), wire.OK
}

// anew reads a reconfiguration that names all servers.
func anew(text string) (Members, wire.Code) {
	next, _, err := Parse(text)
	switch {
	case err != nil:
		return nil, codeOf(err)
	case len(next.Voters()) == 0:
		return nil, wire.MarshallingError
	}
	return next.ordered(javahash.Grown(javahash.Default, len(next))), wire.OK
}

// joiner reads one server that joins. Only the number after the last dot of its key counts.
func joiner(text string) (Member, wire.Code) {
	parts := list(text, "=")
	if len(parts) != 2 {
		return Member{}, wire.BadArguments
	}
	s, err := parseMember(parts[0][strings.LastIndexByte(parts[0], '.')+1:], parts[1])
	return s, codeOf(err)
}

// codeOf returns how a server answers an invalid description: text that is not the number of a server,
// or not a port, fails where Java converts it.
func codeOf(err error) wire.Code {
	switch {
	case err == nil:
		return wire.OK
	case errors.Is(err, ErrNumber):
		return wire.MarshallingError
	}
	return wire.BadArguments
}

// list returns the parts of a text that are not blank, without the blanks around them.
func list(text, separator string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, separator) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// clash reports whether another server has one of the addresses of s. Those that mean
// this machine, or all its addresses, are left out, as Apache's server does.
func (m Members) clash(s Member) bool {
	for _, other := range m {
		if other.ID == s.ID {
			continue
		}
		theirs := other.endpoints()
		if slices.ContainsFunc(s.endpoints(), func(e endpoint) bool { return slices.Contains(theirs, e) }) {
			return true
		}
	}
	return false
}

type endpoint struct {
	host string
	port int
}

func (m Member) endpoints() []endpoint {
	all := []endpoint{{m.Host, m.Quorum}, {m.Host, m.Vote}, {m.ClientHost, m.ClientPort}}
	return slices.DeleteFunc(all, func(e endpoint) bool {
		a, err := netip.ParseAddr(e.host)
		return e.host == "" || e.host == "localhost" || err == nil && (a.IsUnspecified() || a.IsLoopback())
	})
}
