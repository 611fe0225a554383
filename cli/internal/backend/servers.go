package backend

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/zoocfg"
)

// servers holds the settings of an ensemble's servers that have flags. The zero value changes
// nothing.
type servers struct {
	Tick                   time.Duration
	InitLimit, SyncLimit   int // in ticks
	minSession, MaxSession time.Duration
	superDigest            string
	reconfig               bool
	ttl                    bool
	ttlGiven               bool // otherwise the kind of ensemble decides
	Observers              int
	Data                   string // a folder; empty: in memory
	fsync                  bool
	maxRequest             int // in bytes
	MaxConnections         int // from one address
	Words                  []string
	enforceQuota           bool // hard limits
	readOnly               bool
	localSessions          bool
	tls                    tlsFiles
	Metrics                int // the port of the first server's metrics; 0: none
}

// AddTo declares all flags.
func (s *servers) AddTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	s.AddSettings(flags, "; embedded only", "default: all")
	flags.Lookup("ttl").Usage = "allow znodes with a TTL (ZooKeeper's extendedTypesEnabled; default: true when embedded, false in containers)"
	s.tls.addTo(flags)
	flags.IntVar(&s.Metrics, "metrics-port", 0, "port of the first server's Prometheus metrics, at /metrics (embedded only; default: no metrics)")
	flags.StringVar(&s.Data, "data", "", "folder for the data of an embedded ensemble, which then survive a restart (default: memory only)")
	flags.BoolVar(&s.fsync, "fsync", false, "acknowledge a write only after fsync (with --data)")
}

// AddSettings declares the flags that servers of every kind have. The text in only marks the flags
// for embedded servers; allWords is the default of --4lw-commands-whitelist.
func (s *servers) AddSettings(flags *pflag.FlagSet, only, allWords string) {
	flags.DurationVar(&s.Tick, "tick", 500*time.Millisecond, "length of a tick (ZooKeeper's tickTime)")
	flags.IntVar(&s.InitLimit, "init-limit", 20, "ticks within which a server must get the leader's state (ZooKeeper's initLimit)")
	flags.IntVar(&s.SyncLimit, "sync-limit", 4, "ticks after which a silent server is given up (ZooKeeper's syncLimit)")
	flags.DurationVar(&s.minSession, "min-session-timeout", 0, "shortest session timeout that clients get (ZooKeeper's minSessionTimeout; default: 2 ticks)")
	flags.DurationVar(&s.MaxSession, "max-session-timeout", 0, "longest session timeout that clients get (ZooKeeper's maxSessionTimeout; default: 1m, or 20 ticks if that is more)")
	flags.StringVar(&s.superDigest, "super-digest", "", "digest of a superuser, who bypasses all ACLs: super:BASE64 (ZooKeeper's DigestAuthenticationProvider.superDigest; see docs/ensemble.md)")
	flags.BoolVar(&s.reconfig, "reconfig", false, "allow reconfig (ZooKeeper's reconfigEnabled)")
	flags.BoolVar(&s.ttl, "ttl", true, "allow znodes with a TTL (ZooKeeper's extendedTypesEnabled; default: false)")
	flags.Lookup("ttl").DefValue = "false" // the usage has the default
	flags.IntVar(&s.Observers, "observers", 0, "number of non-voting servers in addition to --nodes"+bracketed(only))
	flags.IntVar(&s.maxRequest, "jute-maxbuffer", 0, "maximum size of a request in bytes (ZooKeeper's jute.maxbuffer; default: 1048575)")
	flags.IntVar(&s.MaxConnections, "max-client-cnxns", 0, "maximum number of connections to a server from one client address (ZooKeeper's maxClientCnxns; 0: without limit"+only+")")
	flags.StringSliceVar(&s.Words, "4lw-commands-whitelist", nil, "four-letter words that servers answer in addition to srvr (ZooKeeper's 4lw.commands.whitelist"+only+"; "+allWords+")")
	flags.BoolVar(&s.enforceQuota, "enforce-quota", false, "refuse requests that exceed the hard limit of a quota (ZooKeeper's enforceQuota)")
	flags.BoolVar(&s.readOnly, "read-only-mode", false, "let servers without a majority serve read-only clients (ZooKeeper's readonlymode.enabled)")
	flags.BoolVar(&s.localSessions, "local-sessions", false, "let servers without a majority also start sessions (ZooKeeper's localSessionsEnabled; with --read-only-mode)")
}

// bracketed puts a text in brackets, unless it is empty.
func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + strings.TrimPrefix(text, "; ") + ")"
}

// Validate returns an error for the first flag with an invalid value.
func (s *servers) Validate(cmd *cobra.Command, b Backend) error {
	s.ttlGiven = cmd.Flags().Changed("ttl")
	for flag, d := range map[string]time.Duration{"tick": s.Tick, "min-session-timeout": s.minSession, "max-session-timeout": s.MaxSession} {
		if cmd.Flags().Changed(flag) && (d < time.Millisecond || d%time.Millisecond != 0 || d > 24*time.Hour) {
			return usage.Errorf("--%s %s: give whole milliseconds, from 1ms to 24h", flag, d)
		}
	}
	for flag, n := range map[string]int{"init-limit": s.InitLimit, "sync-limit": s.SyncLimit} {
		if n < 1 || n > 10000 {
			return usage.Errorf("--%s %d: give a number of ticks, from 1 to 10000", flag, n)
		}
	}
	// Timeouts that are not given follow from the tick; see embedded.Config.
	least := cmp.Or(s.minSession, 2*s.Tick)
	most := cmp.Or(s.MaxSession, max(time.Minute, 20*s.Tick))
	if least > most {
		return usage.Errorf("--min-session-timeout %s is more than --max-session-timeout %s", least, most)
	}
	if s.superDigest != "" && !isDigest(s.superDigest) {
		return usage.Errorf("--super-digest %.80q: give super: followed by the SHA-1 of super:PASSWORD in base64", s.superDigest)
	}
	if least, most := embedded.LeastMaxRequest, embedded.MostMaxRequest; cmd.Flags().Changed("jute-maxbuffer") && (s.maxRequest < least || s.maxRequest > most) {
		return usage.Errorf("--jute-maxbuffer %d: give a number of bytes from %d to %d", s.maxRequest, least, most)
	}
	for _, flag := range []string{"data", "max-client-cnxns", "4lw-commands-whitelist", "metrics-port"} {
		if b.Kind == InContainers && cmd.Flags().Changed(flag) {
			return usage.Errorf("--%s is for embedded servers: leave out --ensemble %s", flag, InContainers)
		}
	}
	if s.MaxConnections < 0 {
		return usage.Errorf("--max-client-cnxns %d: give 1 or more, or 0 for no limit", s.MaxConnections)
	}
	if err := embedded.ValidateWords(s.Words); err != nil {
		return usage.Errorf("--4lw-commands-whitelist: %v", err)
	}
	if s.localSessions && !s.readOnly {
		return usage.Errorf("--local-sessions needs --read-only-mode")
	}
	if s.fsync && s.Data == "" {
		return usage.Errorf("--fsync needs files: add --data FOLDER")
	}
	if err := s.tls.load(b); err != nil {
		return err
	}
	return s.validateObservers(b)
}

func (s *servers) validateObservers(b Backend) error {
	switch {
	case s.Observers != 0 && b.Kind == InContainers:
		return usage.Errorf("--observers is for embedded servers: leave out --ensemble %s", InContainers)
	case b.Kind == InFiles && (s.Observers < 0 || s.Observers > zoocfg.MaxServers-b.Nodes):
		return usage.Errorf("--observers %d: with %d voting servers there can be 0 to %d", s.Observers, b.Nodes, zoocfg.MaxServers-b.Nodes)
	case s.Observers < 0 || b.Kind == InProcess && s.Observers > embedded.MaxNodes-b.Nodes:
		return usage.Errorf("--observers %d: with %d voting servers there can be 0 to %d", s.Observers, b.Nodes, embedded.MaxNodes-b.Nodes)
	}
	return nil
}

// isDigest reports whether a text is a user and the SHA-1 of the user and the password.
func isDigest(text string) bool {
	user, sum, ok := strings.Cut(text, ":")
	b, err := base64.StdEncoding.DecodeString(sum)
	return ok && user != "" && err == nil && len(b) == 20
}

// embedded returns c with the settings.
func (s *servers) embedded(c embedded.Config) embedded.Config {
	c.Tick, c.InitLimit, c.SyncLimit = s.Tick, s.InitLimit, s.SyncLimit
	c.MinSession, c.MaxSession = s.minSession, s.MaxSession
	c.SuperDigest, c.Reconfig, c.Observers = s.superDigest, s.reconfig, s.Observers
	c.NoTTL = s.ttlGiven && !s.ttl
	c.MaxRequest, c.EnforceQuota = s.maxRequest, s.enforceQuota
	c.MaxConnections, c.Words = s.MaxConnections, s.Words
	c.ReadOnly, c.LocalSessions = s.readOnly, s.localSessions
	c.TLS = s.tls.config
	c.Data, c.Fsync = s.Data, s.fsync
	return c
}

// container returns c with the settings.
func (s *servers) container(c container.Config) container.Config {
	c.Tick, c.InitLimit, c.SyncLimit = s.Tick, s.InitLimit, s.SyncLimit
	settings, flags := s.Apache()
	c.Settings, c.JVMFlags = append(c.Settings, settings...), append(c.JVMFlags, flags...)
	return c
}

// Apache returns the settings for Apache's servers: lines of zoo.cfg, and Java flags for what zoo.cfg
// cannot set.
func (s *servers) Apache() (settings, jvmFlags []string) {
	set := func(key string, value any) { settings = append(settings, fmt.Sprintf("%s=%v", key, value)) }
	if s.minSession != 0 {
		set("minSessionTimeout", s.minSession.Milliseconds())
	}
	if s.MaxSession != 0 {
		set("maxSessionTimeout", s.MaxSession.Milliseconds())
	}
	if s.reconfig {
		set("reconfigEnabled", true)
	}
	if s.enforceQuota {
		set("enforceQuota", true)
	}
	if s.readOnly {
		jvmFlags = append(jvmFlags, "-Dreadonlymode.enabled=true")
	}
	if s.localSessions {
		set("localSessionsEnabled", true)
		set("localSessionsUpgradingEnabled", true)
	}
	if s.maxRequest != 0 {
		jvmFlags = append(jvmFlags, fmt.Sprintf("-Djute.maxbuffer=%d", s.maxRequest))
	}
	if s.superDigest != "" {
		jvmFlags = append(jvmFlags, "-Dzookeeper.DigestAuthenticationProvider.superDigest="+s.superDigest)
	}
	if s.ttlGiven {
		jvmFlags = append(jvmFlags, fmt.Sprintf("-Dzookeeper.extendedTypesEnabled=%t", s.ttl))
	}
	return settings, jvmFlags
}
