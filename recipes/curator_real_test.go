//go:build real

package recipes_test

import (
	"bufio"
	"context"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/recipes"
)

// TestRealCuratorRegisters lists instances that Apache Curator has registered.
func TestRealCuratorRegisters(t *testing.T) {
	programs.Require(t, programs.CuratorDiscovery)
	e, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	cmd := exec.Command("java", "-cp", programs.CuratorDiscoveryJars, "testdata/Register.java", e.Addrs()[0])
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "registered\n" {
		t.Fatalf("Curator says %q, %v", line, err)
	}
	d := recipes.NewDirectory(newClient(t, e).s, "/services/web")
	var got recipes.Listing
	within(t, "list", func(ctx context.Context) (err error) {
		got, err = d.List(ctx)
		return err
	})
	instance := func(id, address, off string, data map[string]string) recipes.Registered {
		data["name"], data["registrationTimeUTC"] = "web", "5"
		return recipes.Registered{Instance: recipes.Instance{ID: id, Address: address, Metadata: data}, Znode: id, Format: recipes.FormatCurator, Off: off}
	}
	want := recipes.Listing{
		Exists: true,
		Instances: []recipes.Registered{
			instance("one", "host-one:8080", "", map[string]string{
				"payload": `{"@class":"java.util.TreeMap","zone":"eu"}`, "serviceType": "DYNAMIC", "sslPort": "8443", "uri": "https://host-one:8443/web/{one}",
			}),
			instance("three", "host-three", "", map[string]string{"serviceType": "DYNAMIC"}),
			instance("two", "host-two:8443", "", map[string]string{"serviceType": "PERMANENT", "sslPort": "8443"}),
		},
		Off: []recipes.Registered{instance("off", "host-off:1", "not enabled", map[string]string{"serviceType": "DYNAMIC"})},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(recipes.Registered{})); diff != "" {
		t.Error(diff)
	}
}
