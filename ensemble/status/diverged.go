package status

import (
	"fmt"
	"slices"
	"strings"
)

// diverged finds servers whose tree differs from that of the others, by what they report.
// One sign is a digest mismatch. Another is a different number of znodes at the same zxid,
// provided the zxid was the same before and after the count: look asks these servers again,
// and puts its answers at the same indexes. Versions create different initial znodes, so
// only servers of one version are compared.
func diverged(servers []Server, look func(suspects []int) []Server) {
	uneven(servers, look)
	for i := range servers {
		s := &servers[i]
		s.Diverged = s.Uneven
		if s.Mismatches == nil || *s.Mismatches <= 0 {
			continue
		}
		text := fmt.Sprintf("counts %d digests that are not the leader's (zk_digest_mismatches_count)", *s.Mismatches)
		if version, _, _ := strings.Cut(s.Version, "-"); version == Miscounting {
			s.Miscounted = text
		} else {
			s.Diverged = text
		}
	}
}

// Miscounting is the version of Apache ZooKeeper whose servers count digests of equal trees as different when they load
// a log to which they have written transactions twice, as after a restart during a sync.
const Miscounting = "3.8.0"

// CountFalse says of the count of a server of that version that it shows nothing.
const CountFalse = "ZooKeeper " + Miscounting + " counts some falsely after restarts, and begins again at 0 when it restarts"

// uneven finds servers with a different number of znodes.
func uneven(servers []Server, look func(suspects []int) []Server) {
	suspects := odd(servers)
	for range certainAfter {
		if len(suspects) == 0 {
			return
		}
		again := look(suspects)
		for _, i := range suspects {
			if a, s := again[i], servers[i]; a.State != Serving || a.Zxid != s.Zxid || a.counted != s.counted {
				servers[i].uncounted = true
			}
		}
		suspects = odd(servers)
	}
	for _, i := range suspects {
		s := &servers[i]
		for _, j := range suspects {
			if o := servers[j]; s.Uneven == "" && s.comparable(o) && o.counted != s.counted && !more(servers, s.counted, o.counted, *s) {
				s.Uneven = fmt.Sprintf("has %d znodes at zxid %#x, where %s has %d", s.counted, uint64(s.Zxid), o.Addr, o.counted)
			}
		}
	}
}

// certainAfter is how many more looks must show the same difference.
const certainAfter = 2

// comparable reports whether two servers must have the same number of znodes.
func (s Server) comparable(o Server) bool {
	return s.State == Serving && o.State == Serving && !s.uncounted && !o.uncounted &&
		s.counted > 0 && o.counted > 0 && s.Zxid == o.Zxid && s.Version == o.Version
}

// odd returns the servers that have a different number of znodes than a server with which
// each can be compared.
func odd(servers []Server) (those []int) {
	for i, s := range servers {
		if slices.ContainsFunc(servers, func(o Server) bool { return s.comparable(o) && s.counted != o.counted }) {
			those = append(those, i)
		}
	}
	return those
}

// more reports whether the servers with so many znodes (so) outnumber those with another number
// (other). The minority has the wrong tree.
func more(servers []Server, so, other int, like Server) bool {
	n := 0
	for _, s := range servers {
		if s.comparable(like) {
			switch s.counted {
			case so:
				n++
			case other:
				n--
			}
		}
	}
	return n > 0
}
