package external

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/zklab/zklab/ensemble"
)

// manager is a program that starts and stops servers, such as Docker.
type manager struct {
	name     string
	takes    string // what follows the name and a colon
	commands func(argument string, servers []string) (ensemble.Commands, error)
}

// managers are in the order of the help text. A new one is a line here, and a section of
// docs/external.md.
var managers = []manager{
	{"docker", "zk{id}", dockerCommands},
	{"compose", "FILE[:SERVICE{id}]", composeCommands},
	{"systemd", "zookeeper@{id}", systemdCommands},
	{"kubernetes", "[NAMESPACE/]statefulset/NAME", kubernetesCommands},
}

// Managers lists what [Control] takes, such as "docker:zk{id}".
func Managers() (all []string) {
	for _, m := range managers {
		all = append(all, m.name+":"+m.takes)
	}
	return all
}

// Control returns the commands with which the manager of some servers, each given as host:port, harms
// them and undoes that. The text consists of a manager and its names for the servers:
//
//   - docker:zk{id}: containers on this machine;
//   - compose:FILE: services of a file for Docker Compose, found by the ports that they publish or by their names, or
//     compose:FILE:zk{id};
//   - systemd:zookeeper@{id}: units on the servers' hosts, which ssh reaches without a password, where sudo needs none;
//   - kubernetes:statefulset/zk: the pods of a StatefulSet, by kubectl. They cannot be paused, and Kubernetes starts
//     them again by itself, as soon as they are killed.
//
// The placeholders are those of [Config.Commands], and {ordinal}, the server's number from 0. An error is an
// [ErrConfig], or one of reading FILE.
func Control(text string, servers []string) (ensemble.Commands, error) {
	name, argument, _ := strings.Cut(text, ":")
	for _, m := range managers {
		if m.name != name {
			continue
		}
		if argument == "" {
			return ensemble.Commands{}, wrong("--control %s: say what its servers are called: %s:%s", name, name, m.takes)
		}
		c, err := m.commands(argument, servers)
		if err != nil {
			return ensemble.Commands{}, err
		}
		return c, validateCommands(c, len(servers))
	}
	return ensemble.Commands{}, wrong("--control %q: servers are controlled by %s", text, strings.Join(Managers(), ", "))
}

// plainName matches names that a shell takes for one word, with placeholders.
var plainName = regexp.MustCompile(`^([A-Za-z0-9_@.:-]|\{(id|ordinal|host|port)\})+$`)

// called refuses a name of servers that a shell would take for more, or that is the same for several servers.
func called(flag, name string, servers []string) error {
	switch {
	case !plainName.MatchString(name) || strings.HasPrefix(name, "-"):
		return wrong("--control %s: %q is no name: it can have letters, digits, any of _ @ . : -, {id}, {ordinal}, {host} and {port}", flag, name)
	case len(servers) > 1 && !placeholder.MatchString(name):
		return wrong("--control %s: %q is the same for all %d servers: use {id}, {ordinal} or {host} to select one", flag, name, len(servers))
	}
	return nil
}

func dockerCommands(name string, servers []string) (ensemble.Commands, error) {
	return byDocker("docker", name, "", name), called("docker", name, servers)
}

// byDocker returns the commands of Docker and of Compose. before is shell code that runs first; container is what Docker
// calls the container.
func byDocker(program, name, before, container string) ensemble.Commands {
	run := func(verb string) string { return before + program + " " + verb + " " + name }
	return ensemble.Commands{
		// docker pause fails now and then, as it cannot freeze all processes at once (opencontainers/runc#4388).
		Pause:  before + "for try in 1 2 3; do " + program + " pause " + name + " && exit; sleep 0.3; done; exit 1",
		Resume: run("unpause"), Kill: run("kill"), Stop: run("stop"), Start: run("start"),
		Where: before + "docker inspect -f '" + dockerAddresses + "' " + container,
	}
}

// dockerAddresses prints where a container is reached: at its own addresses, at the ports that are published, and, if it
// has the network of its machine, there.
const dockerAddresses = `{{if eq .HostConfig.NetworkMode "host"}}0.0.0.0 {{end}}` +
	`{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}{{range .NetworkSettings.Ports}}{{range .}}[{{.HostIp}}]:{{.HostPort}} {{end}}{{end}}`

// composeCommands finds the services of a file.
func composeCommands(argument string, servers []string) (ensemble.Commands, error) {
	file, service, _ := strings.Cut(argument, ":")
	path, err := filepath.Abs(file)
	if err != nil {
		return ensemble.Commands{}, fmt.Errorf("--control compose: %w", err)
	}
	if strings.ContainsAny(path, `'`) || placeholder.MatchString(path) {
		return ensemble.Commands{}, wrong("--control compose: the path %s must be without quotes and placeholders", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ensemble.Commands{}, fmt.Errorf("--control compose: %w", err)
	}
	if service != "" {
		if err := called("compose", service, servers); err != nil {
			return ensemble.Commands{}, err
		}
		return byCompose(path, service, ""), nil
	}
	names, err := services(file, text, servers)
	if err != nil {
		return ensemble.Commands{}, err
	}
	var choose strings.Builder
	choose.WriteString("case {id} in ")
	for i, name := range names {
		fmt.Fprintf(&choose, "%d) s=%s;; ", i+1, name)
	}
	choose.WriteString("esac; ")
	return byCompose(path, "$s", choose.String()), nil
}

func byCompose(path, service, before string) ensemble.Commands {
	program := compose() + " -f '" + path + "'"
	return byDocker(program, service, before, "$("+program+" ps -q "+service+")")
}

// compose returns how Docker Compose is called on this machine: a plugin of Docker or, as Debian has it, a program.
func compose() string {
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return "docker-compose"
	}
	return "docker compose"
}

// service holds what a file for Docker Compose says about a service.
type service struct {
	Container string `yaml:"container_name"`
	Hostname  string `yaml:"hostname"`
	Ports     []any  `yaml:"ports"`
}

// services returns the name of the service that each server is.
func services(file string, text []byte, servers []string) (names []string, err error) {
	var read struct {
		Services map[string]service `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, wrong("--control compose: %s is no file for Docker Compose: %s", file, firstLine(err))
	}
	for i, addr := range servers {
		host, port, _ := net.SplitHostPort(addr)
		var found []string
		for name, s := range read.Services {
			if slices.Contains([]string{name, s.Container, s.Hostname}, host) || onThisMachine(host) && s.publishes(port) {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		switch {
		case len(found) != 1:
			return nil, wrong("--control compose: %d services of %s are server %d at %s, by name or published port: name them, as in compose:%s:zk{id}", len(found), file, i+1, addr, file)
		case !plainName.MatchString(found[0]) || placeholder.MatchString(found[0]):
			return nil, wrong("--control compose: service %q has no name that can be used", found[0])
		case slices.Contains(names, found[0]):
			return nil, wrong("--control compose: two servers are service %s of %s", found[0], file)
		}
		names = append(names, found[0])
	}
	return names, nil
}

// publishes reports whether a service is reached at a port of the machine. A file writes a port as
// "2182:2181", as "127.0.0.1:2182:2181", or with the field published.
func (s *service) publishes(port string) bool {
	return slices.ContainsFunc(s.Ports, func(p any) bool {
		if long, ok := p.(map[string]any); ok {
			return fmt.Sprint(long["published"]) == port
		}
		parts := strings.Split(fmt.Sprint(p), ":")
		return len(parts) > 1 && parts[len(parts)-2] == port
	})
}

// onThisMachine reports whether a host is this machine, by its name or its address.
func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// systemdCommands returns commands that run on the servers' hosts. A killed server is also stopped,
// since its unit would start it again otherwise.
func systemdCommands(unit string, servers []string) (ensemble.Commands, error) {
	hosts := map[string]bool{}
	on := "sh -c "
	for _, addr := range servers {
		host, _, _ := net.SplitHostPort(addr)
		if hosts[host] = true; !onThisMachine(host) {
			on = "ssh -o BatchMode=yes -o ConnectTimeout=5 {host} "
		}
	}
	alike := servers
	if len(hosts) == len(servers) {
		alike = nil // one name on several hosts is several units
	}
	run := func(verbs, between string) string {
		words := strings.Split(verbs, ", ")
		for i, verb := range words {
			words[i] = "sudo -n systemctl " + verb + " " + unit
		}
		return on + "'" + strings.Join(words, between) + "'"
	}
	return ensemble.Commands{
		Pause: run("kill -s STOP", ""), Resume: run("kill -s CONT", ""), Kill: run("kill -s KILL, stop", " && "),
		Stop: run("stop", ""), Start: run("reset-failed, start", "; "),
		// The unit's process has the port. Without rights for systemctl the manager is of no use.
		Where: on + `'sudo -n systemctl is-active --quiet ` + unit + ` && p=$(sudo -n ss -Hltnp "sport = :{port}") && m=$(systemctl show --value -p MainPID ` + unit +
			`) && case $p in *pid=$m,*) echo {host}:{port};; esac'`,
	}, called("systemd", unit, alike)
}

// statefulSet matches the name of a StatefulSet, with its namespace.
var statefulSet = regexp.MustCompile(`^(?:([a-z0-9-]+)/)?(?:statefulset|sts)/([a-z0-9.-]+)$`)

// kubernetesCommands returns commands that kill and stop pods, which come back by themselves: to start
// one is to wait for it. The number of a pod is its server's number from 0. A process cannot pause the
// first process of its own container, so there is no command that pauses.
func kubernetesCommands(argument string, servers []string) (ensemble.Commands, error) {
	m := statefulSet.FindStringSubmatch(argument)
	if m == nil {
		return ensemble.Commands{}, wrong("--control kubernetes: %q is no StatefulSet: write kubernetes:statefulset/zk, or kubernetes:NAMESPACE/statefulset/zk", argument)
	}
	kubectl, err := kubectl(m[1])
	if err != nil {
		return ensemble.Commands{}, err
	}
	pod := "pod/" + m[2] + "-{ordinal}"
	return ensemble.Commands{
		// With --force Kubernetes would make the pod anew before the old one is certainly gone: two pods on one volume.
		Kill: kubectl + "delete " + pod + " --now",
		Stop: kubectl + "delete " + pod,
		// There is nothing to wait for until Kubernetes has created the pod again.
		Start: "for try in 1 2 3 4 5; do " + kubectl + "wait --for=condition=Ready --timeout=25s " + pod + " && exit; sleep 1; done; exit 1",
		Where: kubectl + "get " + pod + " -o jsonpath='{.status.podIP}'",
	}, nil
}

// kubectl returns how kubectl is called: with its present context and namespace, so that all commands, and later those
// that undo harm, go to the same cluster. In a pod there is no context.
func kubectl(namespace string) (string, error) {
	out, err := exec.Command("kubectl", "config", "view", "--minify", "-o", "jsonpath={.current-context} {..namespace}").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", wrong("--control kubernetes: there is no kubectl here")
	}
	if strings.Contains(string(out), "'") || placeholder.Match(out) {
		return "", wrong("--control kubernetes: the context and the namespace must be without quotes and placeholders: %s", out)
	}
	words := strings.Fields(string(out))
	call := "kubectl "
	if err == nil && len(words) > 0 {
		call += "--context '" + words[0] + "' "
		if namespace == "" && len(words) > 1 {
			namespace = words[1]
		}
	}
	if namespace != "" {
		call += "-n '" + namespace + "' "
	}
	return call, nil
}
