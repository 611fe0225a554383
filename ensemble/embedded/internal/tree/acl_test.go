package tree

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

func acl(perms wire.Perm, scheme, id string) []wire.ACL {
	return []wire.ACL{{Perms: perms, ID: wire.ID{Scheme: scheme, ID: id}}}
}

func TestAllowed(t *testing.T) {
	local := wire.ID{Scheme: "ip", ID: "127.0.0.1"}
	bob := wire.ID{Scheme: "digest", ID: "bob:x"}
	for name, c := range map[string]struct {
		list []wire.ACL
		perm wire.Perm
		ids  []wire.ID
		want bool
	}{
		"no list":                   {nil, wire.PermAdmin, nil, true},
		"anyone":                    {acl(wire.PermRead, "world", "anyone"), wire.PermRead, nil, true},
		"anyone, another":           {acl(wire.PermRead, "world", "anyone"), wire.PermWrite, nil, false},
		"one of two":                {acl(wire.PermRead, "world", "anyone"), wire.PermRead | wire.PermAdmin, nil, true},
		"none of two":               {acl(wire.PermWrite, "world", "anyone"), wire.PermRead | wire.PermAdmin, nil, false},
		"digest":                    {acl(wire.PermAll, "digest", "bob:x"), wire.PermWrite, []wire.ID{local, bob}, true},
		"digest of another":         {acl(wire.PermAll, "digest", "bob:y"), wire.PermWrite, []wire.ID{local, bob}, false},
		"same id in another scheme": {acl(wire.PermAll, "ip", "bob:x"), wire.PermWrite, []wire.ID{bob}, false},
		"address":                   {acl(wire.PermAll, "ip", "127.0.0.1"), wire.PermRead, []wire.ID{local}, true},
		"other address":             {acl(wire.PermAll, "ip", "127.0.0.2"), wire.PermRead, []wire.ID{local}, false},
		"network":                   {acl(wire.PermAll, "ip", "127.0.0.9/28"), wire.PermRead, []wire.ID{local}, true},
		"other network":             {acl(wire.PermAll, "ip", "127.0.0.17/28"), wire.PermRead, []wire.ID{local}, false},
		"any network":               {acl(wire.PermAll, "ip", "1.2.3.4/0"), wire.PermRead, []wire.ID{local}, true},
		"IPv6":                      {acl(wire.PermAll, "ip", "1.2.3.4/0"), wire.PermRead, []wire.ID{{Scheme: "ip", ID: "::1"}}, false},
		"unknown scheme":            {acl(wire.PermAll, "sasl", "x"), wire.PermRead, []wire.ID{{Scheme: "sasl", ID: "x"}}, false},
		"super user":                {acl(0, "world", "anyone"), wire.PermAdmin, []wire.ID{local, {Scheme: "super"}}, true},
		"second entry":              {append(acl(wire.PermRead, "digest", "a:b"), acl(wire.PermRead, "digest", "bob:x")...), wire.PermRead, []wire.ID{bob}, true},
	} {
		if got := Allowed(c.list, c.perm, c.ids); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[wire.ID]bool{
		{Scheme: "world", ID: "anyone"}:     true,
		{Scheme: "world", ID: "someone"}:    false,
		{Scheme: "auth", ID: ""}:            false,
		{Scheme: "", ID: ""}:                false,
		{Scheme: "sasl", ID: "x"}:           false,
		{Scheme: "x509", ID: "CN=x"}:        false,
		{Scheme: "super", ID: ""}:           false,
		{Scheme: "digest", ID: "a:b"}:       true,
		{Scheme: "digest", ID: "a:b::"}:     true, // Java's split drops empty parts at the end
		{Scheme: "digest", ID: ":b"}:        true,
		{Scheme: "digest", ID: "a:"}:        false,
		{Scheme: "digest", ID: "a"}:         false,
		{Scheme: "digest", ID: ""}:          false,
		{Scheme: "digest", ID: "a:b:c"}:     false,
		{Scheme: "ip", ID: "1.2.3.4"}:       true,
		{Scheme: "ip", ID: "255.0.0.255"}:   true,
		{Scheme: "ip", ID: "01.2.3.4"}:      true,
		{Scheme: "ip", ID: "1.2.3.4/0"}:     true,
		{Scheme: "ip", ID: "1.2.3.4/32"}:    true,
		{Scheme: "ip", ID: "1.2.3.4/33"}:    false,
		{Scheme: "ip", ID: "1.2.3.4/-1"}:    false,
		{Scheme: "ip", ID: "1.2.3.4/"}:      false,
		{Scheme: "ip", ID: "1.2.3.4/1/1"}:   false,
		{Scheme: "ip", ID: "1.2.3"}:         false,
		{Scheme: "ip", ID: "1.2.3.4.5"}:     false,
		{Scheme: "ip", ID: "1.2.3."}:        false,
		{Scheme: "ip", ID: "1.2.3.256"}:     false,
		{Scheme: "ip", ID: "::1"}:           false,
		{Scheme: "ip", ID: "example.com.a"}: false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("%+v: %v", id, got)
		}
	}
}

func TestGetACLHidesDigestsFromWhoMayNotChangeThem(t *testing.T) {
	tr := New()
	bob := wire.ID{Scheme: "digest", ID: "bob:secret"}
	list := []wire.ACL{{Perms: wire.PermAdmin, ID: bob}, {Perms: wire.PermRead, ID: Anyone}}
	apply(t, tr, &Create{Path: "/a", ACL: list})
	hidden := []wire.ACL{{Perms: wire.PermAdmin, ID: wire.ID{Scheme: "digest", ID: "bob:x"}}, list[1]}
	for name, c := range map[string]struct {
		ids  []wire.ID
		want []wire.ACL
	}{"admin": {[]wire.ID{bob}, list}, "reader": {nil, hidden}} {
		got, _, code := tr.ACL("/a", c.ids)
		if diff := cmp.Diff(c.want, got); diff != "" || code != wire.OK {
			t.Errorf("%s: %v %s", name, code, diff)
		}
	}
}

func TestACLsAreShared(t *testing.T) {
	tr := New()
	for _, path := range []string{"/a", "/b", "/c"} {
		apply(t, tr, &Create{Path: path, ACL: acl(wire.PermAll, "world", "anyone")})
	}
	if n := tr.ACLCount(); n != 2 {
		t.Errorf("%d lists, want that of the configuration and one more", n)
	}
	apply(t, tr, &SetACL{Path: "/a", ACL: acl(wire.PermAll, "ip", "1.2.3.4"), Version: 1})
	apply(t, tr, &Delete{Path: "/b"})
	if n := tr.ACLCount(); n != 3 {
		t.Errorf("%d lists, want 3", n)
	}
	apply(t, tr, &Delete{Path: "/c"})
	if n := tr.ACLCount(); n != 2 {
		t.Errorf("%d lists, want 2", n)
	}
}
