package tree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// The digests come from "openssl dgst -sha1".
func TestAuthenticate(t *testing.T) {
	for name, c := range map[string]struct {
		scheme, auth string
		want         wire.ID
		ok           bool
	}{
		"digest":          {"digest", "super:test", wire.ID{Scheme: "digest", ID: "super:D/InIHSb7yEEbrWz8b9l71RjZJU="}, true},
		"no colon":        {"digest", "nopass", wire.ID{Scheme: "digest", ID: "nopass:lzMveuimm4pmrQTpblPb5NTiZUY="}, true},
		"empty":           {"digest", "", wire.ID{Scheme: "digest", ID: ":2jmj7l5rSw0yVb/vlWAYkK/YBwk="}, true},
		"address":         {"ip", "anything", wire.ID{Scheme: "ip", ID: "10.0.0.1"}, true},
		"unknown":         {"sasl", "x", wire.ID{}, false},
		"not one to have": {"world", "anyone", wire.ID{}, false},
	} {
		got, ok := Authenticate(c.scheme, []byte(c.auth), "10.0.0.1")
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
	}
	if _, ok := Authenticate("digest", nil, "10.0.0.1"); ok {
		t.Error("nothing at all is taken")
	}
}

func TestAddIdentity(t *testing.T) {
	var ids []wire.ID
	add := func(id wire.ID) {
		old := fmt.Sprint(ids)
		before := ids
		ids = AddIdentity(ids, id)
		if fmt.Sprint(before) != old {
			t.Fatal("the old slice has changed")
		}
	}
	local, a, b := wire.ID{Scheme: "ip", ID: "127.0.0.1"}, wire.ID{Scheme: "digest", ID: "a:1"}, wire.ID{Scheme: "digest", ID: "b:2"}
	for _, id := range []wire.ID{local, b, a, b, local} {
		add(id)
	}
	if diff := cmp.Diff([]wire.ID{a, b, local}, ids); diff != "" {
		t.Error(diff)
	}
	for i := range 14 {
		add(wire.ID{Scheme: "digest", ID: fmt.Sprintf("u%d:p", i)})
	}
	// This is what OpenJDK prints for a ConcurrentHashMap with keys of these hash codes.
	const want = "u13:p u11:p u12:p u3:p u2:p u5:p u4:p 127.0.0.1 u7:p u6:p u10:p u9:p u8:p a:1 b:2 u1:p u0:p"
	var got []string
	for _, id := range ids {
		got = append(got, id.ID)
	}
	if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
		t.Error(diff)
	}
}
