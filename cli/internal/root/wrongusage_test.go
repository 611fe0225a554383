package root

import (
	"testing"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/ensembles"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/zk/serversettings"
	"github.com/zklab/zklab/specimens"
)

// If ZooKeeper's name of a setting is given as a flag of ensemble up, the error tells which flag sets it, or
// that none does. Each setting that a flag names is one of ZooKeeper's.
func TestSettingsAsFlags(t *testing.T) {
	cmd := ensembles.UpCommand(&backend.Backend{Nodes: 3}, new(ensembles.UpFlags))
	for written, want := range map[string]string{
		"tickTime":                   "unknown flag: --tickTime; did you mean --tick? see up --help",
		"extended-types-enabled":     "unknown flag: --extended-types-enabled; did you mean --ttl? see up --help",
		"maxClientCnxns":             "unknown flag: --maxClientCnxns; did you mean --max-client-cnxns? see up --help",
		"sync-limt":                  "unknown flag: --sync-limt; did you mean --sync-limit? see up --help",
		"skipACL":                    "--skipACL: an embedded ensemble has no setting skipACL; see docs/ensemble.md and up --help",
		"nio-sessionlesscnxntimeout": "--nio-sessionlesscnxntimeout: an embedded ensemble has no setting nio.sessionlessCnxnTimeout; see docs/ensemble.md and up --help",
		"colouring-of-text":          "unknown flag: --colouring-of-text; see up --help",
	} {
		if got := usage.WrongFlag(cmd, cmd.ParseFlags([]string{"--" + written})).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	run, _, err := New(specimens.Catalog{}, new(bool)).Find([]string{"run"})
	if err != nil {
		t.Fatal(err)
	}
	if got := usage.WrongFlag(run, run.ParseFlags([]string{"--skipACL"})).Error(); got != "unknown flag: --skipACL; see zklab run --help" {
		t.Errorf("another command: %q", got)
	}
	flags := usage.SettingFlags(cmd)
	for setting, flag := range flags {
		if serversettings.Named(setting) != setting {
			t.Errorf("--%s: ZooKeeper has no setting %q", flag, setting)
		}
	}
	if len(flags) < 14 {
		t.Errorf("flags of settings: %v", flags)
	}
}
