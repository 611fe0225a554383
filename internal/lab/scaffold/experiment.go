package scaffold

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"text/template"

	"github.com/zklab/zklab/settings"
)

//go:embed experiment.yaml.tmpl
var experimentTemplate string

// setting is a line of an experiment file for a setting.
type setting struct{ Name, Value, About string }

// Experiment returns an experiment file for a recipe, with comments and with all settings. program is the command
// that runs it; the recipe must exist.
func Experiment(recipe, program string) (File, error) {
	t, err := template.New("experiment").Parse(experimentTemplate)
	if err != nil {
		return File{}, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, struct {
		Zklab, Recipe string
		Settings      []setting
	}{program, recipe, settingsOf()}); err != nil {
		return File{}, err
	}
	return File{
		Name: "experiment.yaml", Text: b.Bytes(),
		Next: []string{"Run it:", program + " run --config experiment.yaml"},
	}, nil
}

// settingsOf lists the settings with their defaults; a setting without a default has its zero value.
func settingsOf() (all []setting) {
	usual := settings.Usual()
	for _, k := range settings.Knobs {
		value := cmp.Or(fmt.Sprint(reflect.ValueOf(k.Field(&usual)).Elem().Interface()), `""`)
		all = append(all, setting{Name: k.Name(), Value: value, About: strings.TrimSpace(k.Usage())})
	}
	return all
}
