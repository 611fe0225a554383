// Package schemas has the JSON Schemas of zklab's files, for editors and for programs that read these
// files. The command "go run ./internal/dev schemas" makes them from the Go types.
package schemas

import _ "embed"

// Experiment is the schema of experiment.yaml.
//
//go:embed experiment.schema.json
var Experiment []byte

// Result is the schema of result.json.
//
//go:embed result.schema.json
var Result []byte
