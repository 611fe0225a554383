package embedded

import (
	"context"
	"fmt"
)

// The versions of Apache ZooKeeper that servers can imitate; see the package's documentation for the differences.
const (
	V3_8 = "3.8" // 3.8.0
	V3_9 = "3.9" // 3.9.3
)

// ValidateUpgrade returns an error if [Config.UpgradeTo] cannot be version.
func ValidateUpgrade(version string) error {
	switch version {
	case "", V3_8, V3_9:
		return nil
	}
	return fmt.Errorf("%w: cannot upgrade to %.60q: embedded servers imitate %s and %s", ErrConfig, version, V3_8, V3_9)
}

// older reports whether a server imitates 3.8.0, before or after its upgrade.
func (c Config) older(upgraded bool) bool {
	return c.UpgradeTo != "" && upgraded == (c.UpgradeTo == V3_8)
}

// version returns the version that a server imitates, before or after its upgrade.
func (c Config) version(upgraded bool) string {
	if c.older(upgraded) {
		return "3.8.0"
	}
	return "3.9.3"
}

// SetUpgraded has the server come back, at its next start, as the version that [Config.UpgradeTo] names, or as the
// one with which the ensemble began, with the data that it has. It is an error if the server is not down, or if
// there is no other version.
func (s *Server) SetUpgraded(_ context.Context, upgraded bool) error {
	s.life.Lock()
	defer s.life.Unlock()
	switch {
	case s.ensemble.cfg.UpgradeTo == "":
		return errNoUpgrade
	case s.current() != nil:
		return fmt.Errorf("server %d cannot become another version while it runs", s.id)
	}
	s.upgraded = upgraded
	return nil
}

// Upgraded reports whether the server is, or was made to come back as, the version that [Config.UpgradeTo] names.
func (s *Server) Upgraded(context.Context) (bool, error) {
	s.life.Lock()
	defer s.life.Unlock()
	return s.upgraded, nil
}
