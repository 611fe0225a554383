package embedded

import (
	"errors"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/superuser"
)

var (
	errNoReconfig = errors.New("the servers refuse reconfig, or have another super user: start the ensemble with the ability to be reconfigured (see Prepare)")
	errNoUpgrade  = errors.New("the servers have one version only: name the one to upgrade to with --upgrade-to " + V3_9 + ", or embedded.Config.UpgradeTo; they then start as " + V3_8)
	errNoFsync    = errors.New("the servers do not force what they write to their files, so nothing tells what a loss of power would leave: start the ensemble with Fsync, or without files")
)

// Lacks reports the abilities that not every ensemble has.
func (e *Ensemble) Lacks(a ensemble.Ability) error {
	switch {
	case a == ensemble.CanReconfigure && !(e.cfg.Reconfig && e.cfg.SuperDigest == superuser.Digest()):
		return errNoReconfig
	case a == ensemble.CanUpgrade && e.cfg.UpgradeTo == "":
		return errNoUpgrade
	case a == ensemble.CanLosePower && e.cfg.Data != "" && !e.cfg.Fsync:
		return errNoFsync
	}
	return nil
}
