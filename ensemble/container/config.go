package container

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/serversettings"
	"github.com/zklab/zklab/internal/zk/superuser"
	"github.com/zklab/zklab/internal/zk/zoocfg"
)

// maxNodes bounds the servers of one ensemble: more than that in one machine
// test the machine.
const maxNodes = 15

// Config describes the ensemble to start. The zero value starts three servers with settings that make
// experiments quick and still realistic: elections within seconds, as in a well-tuned data centre.
type Config struct {
	// Nodes is the number of servers, 3 when 0.
	Nodes int
	// Image is any image with the official one's environment contract. If it is empty, ZKLAB_IMAGE
	// names the image; without that it is the first one present of zookeeper:3.9 and
	// zklab/zookeeper:3.9, and if neither is, the first is pulled.
	Image string
	// UpgradeTo is the image of the second version, to which a rolling upgrade leads (faults.Upgrade): like Image, it
	// is pulled if the engine lacks it. If it is empty, there is no second version. It may be an older one.
	UpgradeTo string
	// Abilities lists what the ensemble must be able to do, or Start fails: see
	// [Config.Prepare].
	Abilities []ensemble.Ability
	// HelperImage is the image of the helper containers beside the servers, which make faults of
	// network and disk: it must have iptables, tc and a shell. If it is empty, ZKLAB_HELPER_IMAGE names
	// it; without that it is zklab/zookeeper:3.9. It is needed only for these faults, and never pulled.
	HelperImage string
	// Ports are the servers' client ports on 127.0.0.1, one for each. When empty,
	// free ones are drawn.
	Ports []int

	// Tick is ZooKeeper's tickTime, 500 ms when 0. Sessions last 2 to 120 ticks.
	Tick time.Duration
	// InitLimit and SyncLimit are ZooKeeper's, in ticks: 20 and 4 when 0. A
	// leader that pauses for less than SyncLimit ticks stays leader.
	InitLimit, SyncLimit int
	// Settings are further lines for zoo.cfg, "key=value", without spaces. A key that no server of
	// ZooKeeper 3.9 reads is an error: the servers would ignore it without a word.
	Settings []string
	// JVMFlags are additional flags for each server's Java. A setting of another version of ZooKeeper
	// goes here, as -Dzookeeper.KEY=VALUE; a server turns a key in zoo.cfg into the same.
	JVMFlags []string

	// StartTimeout bounds the wait for health, three minutes when 0; it ends earlier when a server ends.
	StartTimeout time.Duration
	// Logf reports what takes long: a pull. It may be nil.
	Logf func(format string, args ...any)
}

// ValidateNodes returns an error if an ensemble cannot have n servers.
func ValidateNodes(n int) error {
	if n < 1 || n > maxNodes {
		return fmt.Errorf("cannot start %d servers: choose 1 to %d, preferably 1, 3 or 5", n, maxNodes)
	}
	return nil
}

// Prepare returns a configuration whose ensembles have the ability. Abilities of the network need no
// preparation, if the machine has them; prepared for one, an ensemble starts its helpers at once, so
// that the first fault of the network is quick. To have their disks filled, servers get small disks of
// their own, in memory. To be reconfigured, they allow it to a super user. To have their wall clocks set,
// each gets one of its own, and to lose their power, each notes what it has forced to its disk, if its image can do that.
func (c Config) Prepare(a ensemble.Ability) ensemble.Starter {
	if !slices.Contains(c.Abilities, a) {
		c.Abilities = append(slices.Clip(c.Abilities), a)
	}
	return c
}

// can reports whether the ensemble is started for an ability.
func (c Config) can(a ensemble.Ability) bool { return slices.Contains(c.Abilities, a) }

func (c Config) withDefaults() Config {
	c.Nodes = cmp.Or(c.Nodes, 3)
	c.Tick = cmp.Or(c.Tick, 500*time.Millisecond)
	c.InitLimit = cmp.Or(c.InitLimit, 20)
	c.SyncLimit = cmp.Or(c.SyncLimit, 4)
	c.StartTimeout = cmp.Or(c.StartTimeout, 3*time.Minute)
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	return c
}

// validate wants defaults filled in.
func (c Config) validate() error {
	if err := ValidateNodes(c.Nodes); err != nil {
		return err
	}
	if len(c.Ports) > 0 && len(c.Ports) != c.Nodes {
		return fmt.Errorf("%d ports for %d servers: give one for each, or none", len(c.Ports), c.Nodes)
	}
	for i, port := range c.Ports {
		if port < 1 || port > 65535 {
			return fmt.Errorf("no such port: %d", port)
		}
		if slices.Contains(c.Ports[:i], port) {
			return fmt.Errorf("port %d is given twice", port)
		}
	}
	if c.Tick < time.Millisecond || c.InitLimit < 1 || c.SyncLimit < 1 || c.StartTimeout < 0 {
		return fmt.Errorf("tick %v, init limit %d, sync limit %d and start timeout %v must be positive",
			c.Tick, c.InitLimit, c.SyncLimit, c.StartTimeout)
	}
	for _, image := range []string{c.HelperImage, c.UpgradeTo} {
		if image != "" {
			if err := ValidateImage(image); err != nil {
				return err
			}
		}
	}
	for _, setting := range slices.Concat(c.Settings, c.JVMFlags) {
		if setting == "" || strings.ContainsAny(setting, " \t\n") {
			return fmt.Errorf("setting %q must be one word", setting)
		}
	}
	for _, setting := range c.Settings {
		if err := validateSetting(setting); err != nil {
			return err
		}
	}
	return nil
}

// validateSetting refuses what Apache's servers would pass over without a word.
func validateSetting(setting string) error {
	name, _, ok := strings.Cut(setting, "=")
	if !ok {
		return fmt.Errorf("setting %q: write name=value", setting)
	}
	if err := serversettings.Check(name); err != nil {
		return fmt.Errorf("setting %q: %w", setting, err)
	}
	return nil
}

// maxSession is the longest session that clients can ask for. Servers default
// to 20 ticks, too short for a quick tick.
const maxSession = time.Minute

// zooCfg returns the settings for which the image's contract has no variable.
func (c Config) zooCfg() []string {
	all := []string{
		fmt.Sprintf("maxSessionTimeout=%d", max(maxSession, 20*c.Tick).Milliseconds()),
		"preAllocSize=1024", // kB; the transaction logs are copied after each run
	}
	if c.reconfigures() {
		all = append(all, "reconfigEnabled=true")
	}
	return append(all, c.Settings...)
}

// jvmFlags make a server start quickly, stay small, and come back soon after it
// was cut off: by default the wait for a lost peer and between two votes can be
// many seconds.
func (c Config) jvmFlags() []string {
	flags := c.JVMFlags
	if c.can(ensemble.CanSweep) {
		flags = append(slices.Clone(flags), "-Dzookeeper.extendedTypesEnabled=true", fmt.Sprintf("-Dznode.container.checkIntervalMs=%d", quickSweep.Milliseconds()))
	}
	if c.refusesReconfig() == nil {
		flags = append(slices.Clone(flags), superDigest+superuser.Digest())
	}
	return append([]string{
		"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dzookeeper.cnxTimeout=500",
		"-Dzookeeper.fastleader.maxNotificationInterval=1000",
	}, flags...)
}

// quickSweep is how often servers look for containers and znodes with a TTL in an ensemble that is
// prepared for that.
const quickSweep = 2 * time.Second

// sysctls let TCP between the servers give up early on a peer that was cut off.
func (c Config) sysctls() map[string]string {
	return map[string]string{
		"net.ipv4.tcp_retries2":    "3",
		"net.ipv4.tcp_syn_retries": "1",
	}
}

// env returns the environment of the server with that id. The servers name each other by address: with
// names, an ensemble that is restarted in another order can take long to heal.
func (c Config) env(id int, net subnet) map[string]string {
	e := zoocfg.Ensemble{
		Servers: zoocfg.InContainers(c.Nodes, 0), Tick: c.Tick, InitLimit: c.InitLimit, SyncLimit: c.SyncLimit,
		Words:   []string{"srvr", "mntr", "ruok", "dirs", "isro", "cons", "dump", "wchs", "wchc"},
		Quorums: true, Settings: c.zooCfg(), JVMFlags: c.jvmFlags(),
		MaxConnections: 0, // all clients come from one address, the engine's
	}
	for i := range e.Servers {
		e.Servers[i].Host = net.server(i + 1).String()
	}
	env := e.Environment(id, zoocfg.Own{})
	env["ZOO_DATA_DIR"], env["ZOO_DATA_LOG_DIR"], env["ZOO_CONF_DIR"] = c.folders().data, c.folders().log, confDir
	return env
}

// profile describes the ensemble for the report; image and version are known later.
func (c Config) profile() ensemble.Profile {
	all := append(c.zooCfg(), "maxClientCnxns=0", "standaloneEnabled=false", "admin.enableServer=false")
	all = append(all, c.jvmFlags()...)
	for key, value := range c.sysctls() {
		all = append(all, key+"="+value)
	}
	if c.smallDisks() {
		all = append(all, fmt.Sprintf("disk=tmpfs,%dMB", diskSize>>20))
	}
	for _, l := range libraries {
		if c.can(l.ability) {
			all = append(all, l.setting)
		}
	}
	least, most := c.sessionBounds()
	slices.Sort(all)
	return ensemble.Profile{
		Backend: "container", Servers: c.Nodes, UpgradeTo: c.UpgradeTo,
		Tick: c.Tick, InitLimit: c.InitLimit, SyncLimit: c.SyncLimit,
		Settings: all, MinSession: least, MaxSession: most,
	}
}

// sessionBounds returns the bounds of session timeouts: as zoo.cfg sets them, or ZooKeeper's defaults.
func (c Config) sessionBounds() (least, most time.Duration) {
	least = 2 * c.Tick
	for _, line := range c.zooCfg() {
		key, value, _ := strings.Cut(line, "=")
		n, err := strconv.Atoi(value)
		switch {
		case err != nil:
		case key == "minSessionTimeout":
			least = time.Duration(n) * time.Millisecond
		case key == "maxSessionTimeout":
			most = time.Duration(n) * time.Millisecond
		}
	}
	return least, most
}
