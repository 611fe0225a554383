package faults_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	testmain.ManyAtOnce(4)
	testmain.AtExit(everyKindWasSeen)
	testmain.Main(m)
}

// everyKindWasSeen fails a run of all tests in which no test saw the effect of some kind of fault from outside.
// Kinds that only containers can have are tested there.
func everyKindWasSeen() error {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return nil
		}
	}
	e, err := embedded.Config{InMemory: true, UpgradeTo: embedded.V3_9}.Prepare(ensemble.CanReconfigure).(ensemble.Sketcher).Sketch()
	if err != nil {
		return err
	}
	var unseen []string
	for _, k := range faults.Kinds() {
		if _, seen := seenKinds.Load(k.Name); !seen && k.Plain().Available(faults.Setting{Ensemble: e, Processes: true}) == nil {
			unseen = append(unseen, k.Name)
		}
	}
	if len(unseen) > 0 {
		return fmt.Errorf("no test sees the effect of %s: add it to clientTests, or use lab.verify in a test of its own", strings.Join(unseen, ", "))
	}
	return nil
}
