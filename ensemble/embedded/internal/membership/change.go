package membership

import (
	"maps"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/wire"
)

// Change gives the text after a reconfiguration, with the zxid of that as its
// version. Fields of the request that are empty are as if they were absent.
func Change(text string, r *wire.ReconfigRequest, zxid int64) (string, wire.Code) {
	now, version, err := Parse(text)
	if err != nil {
		return "", wire.SystemError
	}
	if r.FromConfig != -1 && r.FromConfig != version {
		return "", wire.BadVersion
	}
	next, err := change(now, r)
	if err != nil || next.Voters() == 0 {
		return "", wire.BadArguments
	}
	return next.Text(zxid), wire.OK
}

// change gives all members anew, or some go and some come.
func change(now Members, r *wire.ReconfigRequest) (Members, error) {
	if r.NewMembers != "" {
		next, _, err := Parse(r.NewMembers)
		return next, err
	}
	if r.Joining == "" && r.Leaving == "" {
		return nil, ErrFormat
	}
	next := maps.Clone(now)
	for leaving := range strings.SplitSeq(r.Leaving, ",") {
		if leaving == "" {
			continue
		}
		id, err := strconv.Atoi(strings.TrimSpace(leaving))
		if err != nil {
			return nil, err
		}
		delete(next, id)
	}
	joining, _, err := Parse(r.Joining)
	if err != nil {
		return nil, err
	}
	for id, m := range joining {
		if m.Client == "" || next.clash(id, m) {
			return nil, ErrFormat
		}
		next[id] = m
	}
	return next, nil
}

// clash says whether another server has one of the addresses.
func (m Members) clash(id int, s Member) bool {
	for other, o := range m {
		if other == id {
			continue
		}
		if s.Client == o.Client || s.Host == o.Host && (s.Quorum == o.Quorum || s.Vote == o.Vote) {
			return true
		}
	}
	return false
}
