package tree

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

func TestReadsAndPermissions(t *testing.T) {
	tr := New()
	apply(t, tr, &Create{Path: "/r", ACL: acl(wire.PermRead, "digest", "bob:x"), ParentCversion: 1})
	apply(t, tr, &Create{Path: "/w", ACL: acl(wire.PermAll&^wire.PermRead, "digest", "bob:x"), ParentCversion: 2})
	apply(t, tr, &Create{Path: "/none", ACL: acl(wire.PermWrite, "world", "anyone"), ParentCversion: 3})
	bob := []wire.ID{{Scheme: "digest", ID: "bob:x"}}
	reads := map[string]func(path string) wire.Code{
		"exists":      func(p string) wire.Code { _, c := tr.Exists(p, bob); return c },
		"getData":     func(p string) wire.Code { _, _, c := tr.Data(p, bob); return c },
		"getChildren": func(p string) wire.Code { _, _, c := tr.Children(p, bob, nil); return c },
		"count":       func(p string) wire.Code { _, c := tr.AllChildrenNumber(p, bob); return c },
		"getACL":      func(p string) wire.Code { _, _, c := tr.ACL(p, bob); return c },
		"stat":        func(p string) wire.Code { _, c := tr.Stat(p); return c },
	}
	for name, want := range map[string]map[string]wire.Code{
		"exists":      {"/r": wire.OK, "/w": wire.NoAuth, "/none": wire.NoAuth, "/x": wire.NoNode, "/\x00": wire.BadArguments, "": wire.OK},
		"getData":     {"/r": wire.OK, "/w": wire.NoAuth, "/none": wire.NoAuth, "/x": wire.NoNode, "/\x00": wire.NoNode, "": wire.OK},
		"getChildren": {"/r": wire.OK, "/w": wire.NoAuth, "/none": wire.NoAuth, "/x": wire.NoNode, "x": wire.NoNode, "": wire.OK},
		"count":       {"/r": wire.OK, "/w": wire.NoAuth, "/none": wire.NoAuth, "/x": wire.NoNode, "/r/": wire.NoNode, "": wire.OK},
		"getACL":      {"/r": wire.OK, "/w": wire.OK, "/none": wire.NoAuth, "/x": wire.NoNode, "//": wire.NoNode, "": wire.OK},
		"stat":        {"/r": wire.OK, "/w": wire.OK, "/none": wire.OK, "/x": wire.NoNode, "": wire.OK},
	} {
		got := map[string]wire.Code{}
		for path := range want {
			got[path] = reads[name](path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAllChildrenNumber(t *testing.T) {
	tr := New()
	for i, path := range []string{"/a", "/ab", "/a/b", "/a/b/c", "/a/d"} {
		apply(t, tr, &Create{Path: path, ACL: open, ParentCversion: int32(i + 1)})
	}
	// The numbers are those of Java's server, which counts paths that begin with path + "/".
	for path, want := range map[string]int32{"/a": 3, "/ab": 0, "/a/b": 1, "/": 8, "": 9, "/zookeeper": 2} {
		if got, code := tr.AllChildrenNumber(path, nil); got != want || code != wire.OK {
			t.Errorf("%q: %d %v", path, got, code)
		}
	}
}

func TestChildrenAppends(t *testing.T) {
	tr := New()
	names, stat, _ := tr.Children("/zookeeper", nil, []string{"first"})
	if diff := cmp.Diff([]string{"first", "config", "quota"}, names); diff != "" || stat.NumChildren != 2 {
		t.Error(diff)
	}
	if names, _, _ = tr.Children("/", nil, nil); cmp.Diff([]string{"zookeeper"}, names) != "" {
		t.Error(names)
	}
}
