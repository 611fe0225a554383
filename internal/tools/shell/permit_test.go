package shell

import "testing"

// Znodes are created below an existing one, even if those above it let nobody create children.
func TestParentsThatAreThere(t *testing.T) {
	virtually(t, func(b *bench) {
		file := t.TempDir() + "/x.json"
		b.script(`
			create /a; create /a/x; export /a/x ` + file + `
			acl set / world:anyone:rwda
			create -p /a/b/c
			import -p ` + file + ` /a/d/e
			quota set -n 1 /a
			create -p /new/x
			4 create /new
		`)
	})
}
