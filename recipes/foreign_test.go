package recipes_test

import (
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"
)

// foreign puts children of other clients into a folder: names without any shape, names
// of other recipes and libraries, names that are almost right, and, unless kind is
// "item", names that are right but belong to persistent znodes.
func foreign(t *testing.T, c *client, path, kind string) {
	t.Helper()
	id := strings.Repeat("0f", 16)
	names := []string{
		"foreign", "foreign-" + kind + "-0000000000", kind + "-0000000000", "-0000000000", "0000000000",
		"_c_" + id + "-" + kind + "-0000000000", id, id + "-" + kind, id + "-" + kind + "-",
		id + "-other-0000000000", strings.ToUpper(id) + "-" + kind + "-0000000000",
		id + "-" + kind + "-000000000", id + "-" + kind + "-00000000000", id + "-" + kind + "-99999999999",
		id + "-" + kind + "-0000000000x", id + "-" + kind + "-+000000000", id + "-" + kind + "-0x00000000",
		id + "é-" + kind + "-0000000000", " ",
	}
	if kind != "item" {
		names = append(names, id+"-"+kind+"-0000000000", id+"-"+kind+"--000000001")
	}
	for _, name := range names {
		if _, err := c.conn.Create(path+"/"+name, []byte("\xff\n"), 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
	}
}
