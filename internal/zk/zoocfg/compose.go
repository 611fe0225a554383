package zoocfg

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// Compose describes what a file for Docker Compose publishes of each server on this machine. In the
// file, servers are called zoo1, zoo2 and so on, and each has [ClientPort] and the other ports.
type Compose struct {
	Image          string
	Host           string // an address of this machine
	Ports          []int  // for clients, one for each server
	Admin, Metrics []int  // likewise; empty: there is none
}

type (
	composeFile struct {
		Services yaml.MapSlice `yaml:"services"`
		Volumes  yaml.MapSlice `yaml:"volumes"`
	}
	service struct {
		Image       string            `yaml:"image"`
		Hostname    string            `yaml:"hostname"`
		Restart     string            `yaml:"restart"`
		Ports       []string          `yaml:"ports"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
	}
)

// folders are the volumes of the image, below /. Each has a name, so that docker compose down -v
// removes it.
var folders = []string{"data", "datalog", "logs"}

// InContainers returns the servers of an ensemble whose containers have the names of Compose.
func InContainers(voters, observers int) (servers []Server) {
	for id := 1; id <= voters+observers; id++ {
		servers = append(servers, Server{
			ID: id, Host: fmt.Sprintf("zoo%d", id), Quorum: QuorumPort, Election: ElectionPort,
			Client: strconv.Itoa(ClientPort), Observer: id > voters,
		})
	}
	return servers
}

// File returns the Compose file. It follows the Compose Specification, and docker-compose 1.27 and
// later also read it. A $ in a value is doubled, since Compose replaces variables.
func (c Compose) File(e Ensemble) ([]byte, error) {
	var file composeFile
	for i, s := range e.Servers {
		published := []string{c.publish(c.Ports[i], ClientPort)}
		var own Own
		if len(c.Admin) > 0 {
			own.Admin = AdminPort
			published = append(published, c.publish(c.Admin[i], AdminPort))
		}
		if len(c.Metrics) > 0 {
			own.Metrics = MetricsPort
			published = append(published, c.publish(c.Metrics[i], MetricsPort))
		}
		env := e.Environment(s.ID, own)
		for name, value := range env {
			env[name] = strings.ReplaceAll(value, "$", "$$")
		}
		var volumes []string
		for _, folder := range folders {
			volumes = append(volumes, s.Host+"-"+folder+":/"+folder)
			file.Volumes = append(file.Volumes, yaml.MapItem{Key: s.Host + "-" + folder, Value: struct{}{}})
		}
		file.Services = append(file.Services, yaml.MapItem{Key: s.Host, Value: service{
			Image: c.Image, Hostname: s.Host, Restart: "unless-stopped", Ports: published, Environment: env, Volumes: volumes,
		}})
	}
	return yaml.MarshalWithOptions(file, yaml.IndentSequence(true))
}

func (c Compose) publish(port, inside int) string {
	return net.JoinHostPort(c.Host, strconv.Itoa(port)) + ":" + strconv.Itoa(inside)
}
