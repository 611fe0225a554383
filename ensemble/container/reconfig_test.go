package container

import (
	"errors"
	"slices"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/superuser"
)

// Servers allow reconfig only where a run needs it, and then to a superuser alone: no access control list is skipped
// for others.
func TestPreparedForReconfig(t *testing.T) {
	for name, tt := range map[string]struct {
		config          Config
		allowed, digest bool
		lacks           error
	}{
		"plain":         {Config{}, false, false, errNoReconfig},
		"prepared":      {Config{}.Prepare(ensemble.CanReconfigure).(Config), true, true, nil},
		"with a flag":   {Config{JVMFlags: []string{"-Da=b"}}.Prepare(ensemble.CanReconfigure).(Config), true, true, nil},
		"another super": {Config{JVMFlags: []string{superDigest + "super:x"}}.Prepare(ensemble.CanReconfigure).(Config), true, false, errAnotherSuper},
	} {
		if got := slices.Contains(tt.config.zooCfg(), "reconfigEnabled=true"); got != tt.allowed {
			t.Errorf("%s: reconfig is allowed: %v", name, got)
		}
		flags := tt.config.jvmFlags()
		if got := slices.Contains(flags, superDigest+superuser.Digest()); got != tt.digest {
			t.Errorf("%s: there is a superuser: %v, in %v", name, got, flags)
		}
		if slices.ContainsFunc(flags, func(f string) bool { return f == "-Dzookeeper.skipACL=yes" }) {
			t.Errorf("%s: access control lists are skipped: %v", name, flags)
		}
		if got := tt.config.refusesReconfig(); !errors.Is(got, tt.lacks) {
			t.Errorf("%s lacks %v, want %v", name, got, tt.lacks)
		}
	}
}
