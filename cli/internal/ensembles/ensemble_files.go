package ensembles

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/zk/zoocfg"
)

// fileFlags are the flags of the commands that write files for an ensemble that the user starts.
type fileFlags struct {
	backend.Backend
	listen         string
	admin, metrics int // the first port; 0: none
	out            string

	hosts            []string // the hosts of a configuration; none: this machine
	quorum, election int      // the first port
	dataDir          string
}

// addTo declares the flags that both commands have.
func (f *fileFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.Nodes, "nodes", 3, "number of voting servers")
	flags.StringVar(&f.listen, "listen", net.JoinHostPort(backend.Loopback, strconv.Itoa(zoocfg.ClientPort)), "address of the first server for clients")
	f.Servers.AddSettings(flags, "", "default: "+strings.Join(fileWords, ","))
	flags.IntVar(&f.admin, "admin-port", 0, "port of the first server's admin server (default: no admin servers)")
	flags.IntVar(&f.metrics, "metrics-port", 0, "port of the first server's Prometheus metrics (default: no metrics)")
}

// fileWords are the four-letter words that zklab ensemble status sends, and those that people often
// use.
var fileWords = []string{"srvr", "stat", "mntr", "ruok", "dirs", "isro", "conf"}

// validate checks the flags, and fills in the ports.
func (f *fileFlags) validate(cmd *cobra.Command) error {
	f.Kind = backend.InFiles
	if err := f.ValidateNodes(); err != nil {
		return err
	}
	if err := f.Servers.Validate(cmd, f.Backend); err != nil {
		return err
	}
	var err error
	if f.Host, f.Ports, err = addresses(f.listen, f.count()); err != nil {
		return err
	}
	if f.Ports == nil {
		return usage.Errorf("--listen %s: give a port other than 0", f.listen)
	}
	return f.validatePorts(cmd, "admin-port", "metrics-port")
}

func (f *fileFlags) count() int { return f.Nodes + f.Servers.Observers }

// validatePorts checks that the ports of each flag that was given exist.
func (f *fileFlags) validatePorts(cmd *cobra.Command, flags ...string) error {
	for _, flag := range flags {
		if err := validateRow(cmd, flag, f.count()); err != nil {
			return err
		}
	}
	return nil
}

// validateRow checks that n ports exist from the one that a flag names, if the flag was given.
func validateRow(cmd *cobra.Command, flag string, n int) error {
	first, _ := cmd.Flags().GetInt(flag)
	if cmd.Flags().Changed(flag) && (first < 1 || first+n-1 > 65535) {
		return usage.Errorf("--%s %d: the %d ports from there would exceed 65535", flag, first, n)
	}
	return nil
}

// portsFrom returns n consecutive ports; none if first is 0.
func portsFrom(first, n int) (ports []int) {
	for i := 0; first != 0 && i < n; i++ {
		ports = append(ports, first+i)
	}
	return ports
}

// ensemble returns the settings that all servers share. It allows longer sessions than ZooKeeper does by
// default, as up does.
func (f *fileFlags) ensemble(servers []zoocfg.Server) zoocfg.Ensemble {
	s := f.Servers
	if s.MaxSession == 0 {
		s.MaxSession = max(time.Minute, 20*s.Tick)
	}
	e := zoocfg.Ensemble{
		Servers: servers, Tick: s.Tick, InitLimit: s.InitLimit, SyncLimit: s.SyncLimit,
		MaxConnections: s.MaxConnections, Words: s.Words,
	}
	if e.Words == nil {
		e.Words = fileWords
	}
	e.Settings, e.JVMFlags = s.Apache()
	return e
}

func newCompose() *cobra.Command {
	f := new(fileFlags)
	cmd := &cobra.Command{
		Use:   "compose",
		Short: "Write a Docker Compose file for an Apache ZooKeeper ensemble",
		Long: "Compose writes a docker-compose.yml for an Apache ZooKeeper ensemble in containers, with data in volumes.\n" +
			"It works with the official image and images that read the same environment, such as zklab/zookeeper:3.9, and with\n" +
			"the docker compose and docker-compose commands. It starts nothing. Servers are published on consecutive ports from\n" +
			"that of --listen.",
		Example: "  zklab ensemble compose > docker-compose.yml\n" +
			"  zklab ensemble compose --nodes 5 --listen 127.0.0.1:12181 --image zklab/zookeeper:3.9 --out lab",
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.validate(cmd); err != nil {
				return err
			}
			return f.compose(cmd)
		},
	}
	f.addTo(cmd)
	cmd.Flags().StringVar(&f.Image, "image", container.OfficialImage, "container image")
	cmd.Flags().StringVar(&f.out, "out", "", "folder for docker-compose.yml (default: print it)")
	usage.CompletesFiles(cmd, "out")
	return cmd
}

func (f *fileFlags) compose(cmd *cobra.Command) error {
	if err := container.ValidateImage(f.Image); err != nil {
		return usage.Errorf("%v", err)
	}
	c := zoocfg.Compose{
		Image: f.Image, Host: f.Host, Ports: f.Ports,
		Admin: portsFrom(f.admin, f.count()), Metrics: portsFrom(f.metrics, f.count()),
	}
	text, err := c.File(f.ensemble(zoocfg.InContainers(f.Nodes, f.Servers.Observers)))
	if err != nil {
		return err
	}
	if f.out == "" {
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	if err := usage.WriteNew(filepath.Join(f.out, "docker-compose.yml"), string(text)); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "start it with: cd %s && docker compose up -d (or docker-compose up -d), then: zklab ensemble status %s --wait healthy\n", f.out, f.connect())
	return nil
}

// connect returns the connect string for clients.
func (f *fileFlags) connect() string {
	var addrs []string
	for i, port := range f.Ports {
		host := f.Host
		if len(f.hosts) > 0 {
			host, port = f.hosts[i], f.Ports[0]
		}
		addrs = append(addrs, reachable(net.JoinHostPort(host, strconv.Itoa(port)), ""))
	}
	return strings.Join(addrs, ",")
}

func newConfig() *cobra.Command {
	f := new(fileFlags)
	cmd := &cobra.Command{
		Use:   "config --out FOLDER",
		Short: "Write the configuration files of an Apache ZooKeeper ensemble",
		Long: "Config writes the files of an Apache ZooKeeper ensemble: FOLDER/server-N/zoo.cfg, myid in the\n" +
			"server's data folder, and java.env if a setting is a Java flag. With --hosts there is one server per host,\n" +
			"all with the same ports: put server-N/zoo.cfg on the N-th host, and server-N/myid into its --data-dir. Without\n" +
			"--hosts, all servers run on this machine, on consecutive ports, with their data below FOLDER. It starts nothing.",
		Example: "  zklab ensemble config --out lab\n" +
			"  zklab ensemble config --out conf --hosts zk1,zk2,zk3 --listen 0.0.0.0:2181 --tick 2s",
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.out == "" {
				return usage.Errorf("config writes several files: give their folder with --out FOLDER")
			}
			if err := f.validateHosts(cmd); err != nil {
				return err
			}
			if err := f.validate(cmd); err != nil {
				return err
			}
			if err := f.validatePorts(cmd, "quorum-port", "election-port"); err != nil {
				return err
			}
			return f.config(cmd)
		},
	}
	f.addTo(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.hosts, "hosts", nil, "host of each server, voting servers first (default: all on this machine)")
	flags.IntVar(&f.quorum, "quorum-port", zoocfg.QuorumPort, "port on which the first server accepts followers")
	flags.IntVar(&f.election, "election-port", zoocfg.ElectionPort, "port of the first server for leader election")
	flags.StringVar(&f.dataDir, "data-dir", "/var/lib/zookeeper", "data folder of a server on its host (with --hosts)")
	flags.StringVar(&f.out, "out", "", "folder for the files")
	usage.CompletesFiles(cmd, "out", "data-dir")
	return cmd
}

// validateHosts checks the hosts, and takes the number of servers from them unless --nodes was given.
func (f *fileFlags) validateHosts(cmd *cobra.Command) error {
	if len(f.hosts) == 0 && cmd.Flags().Changed("data-dir") {
		return usage.Errorf("--data-dir is for servers on --hosts: without --hosts, data are below --out")
	}
	if !filepath.IsAbs(f.dataDir) || strings.ContainsAny(f.dataDir, "\r\n") {
		return usage.Errorf("--data-dir %.80q: give an absolute path", f.dataDir)
	}
	for i, host := range f.hosts {
		if !usage.IsHostName(host) {
			return usage.Errorf("--hosts: %.80q is not a host name: give names or IPv4 addresses, without ports", host)
		}
		if slices.Contains(f.hosts[:i], host) {
			return usage.Errorf("--hosts: %s appears twice: servers on the same host need different ports", host)
		}
	}
	switch n := len(f.hosts); {
	case n == 0:
	case !cmd.Flags().Changed("nodes") && f.Servers.Observers >= n:
		return usage.Errorf("--observers %d: at least one of the %d --hosts must vote", f.Servers.Observers, n)
	case !cmd.Flags().Changed("nodes"):
		f.Nodes = n - f.Servers.Observers
	case n != f.count():
		return usage.Errorf("--hosts has %d hosts for %d servers: give one per server", n, f.count())
	}
	return nil
}

// config writes the files of all servers.
func (f *fileFlags) config(cmd *cobra.Command) error {
	out, err := filepath.Abs(f.out)
	if err != nil {
		return err
	}
	e := f.ensemble(f.configured())
	for i, s := range e.Servers {
		dir := filepath.Join(out, fmt.Sprintf("server-%d", s.ID))
		own, myid := zoocfg.Own{Data: f.dataDir, Admin: f.admin, Metrics: f.metrics}, filepath.Join(dir, "myid")
		if len(f.hosts) == 0 {
			own = zoocfg.Own{Data: filepath.Join(dir, "data"), Admin: nth(f.admin, i), Metrics: nth(f.metrics, i)}
			myid = filepath.Join(own.Data, "myid")
		}
		files := [][2]string{{filepath.Join(dir, "zoo.cfg"), e.Config(own)}, {myid, strconv.Itoa(s.ID) + "\n"}}
		if java := e.JavaEnv(); java != "" {
			files = append(files, [2]string{filepath.Join(dir, "java.env"), java})
		}
		for _, file := range files {
			if err := usage.WriteNew(file[0], file[1]); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "start server N with: zkServer.sh --config %s start; clients connect to %s\n", filepath.Join(f.out, "server-N"), f.connect())
	return nil
}

// configured returns the servers of the configuration.
func (f *fileFlags) configured() (servers []zoocfg.Server) {
	for i := range f.count() {
		s := zoocfg.Server{ID: i + 1, Observer: i >= f.Nodes}
		if len(f.hosts) > 0 {
			s.Host, s.Quorum, s.Election, s.Client = f.hosts[i], f.quorum, f.election, strconv.Itoa(f.Ports[0])
			if f.Host != backend.Loopback { // to which clients elsewhere could not connect
				s.Client = f.listen
			}
		} else {
			s.Host, s.Quorum, s.Election = backend.Loopback, f.quorum+i, f.election+i
			s.Client = net.JoinHostPort(f.Host, strconv.Itoa(f.Ports[i]))
		}
		servers = append(servers, s)
	}
	return servers
}

// nth returns the n-th port from first, counted from 0; 0 if first is 0.
func nth(first, n int) int {
	if first == 0 {
		return 0
	}
	return first + n
}
