package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"sigs.k8s.io/yaml"
)

// request is one line of the input.
type request struct {
	// ID comes back in the answer as it is given.
	ID json.RawMessage `json:"id"`
	// Helm is the version that acts: 3 or 4.
	Helm int `json:"helm"`
	// Action is install, upgrade, rollback or uninstall.
	Action string `json:"action"`
	// Chart is its directory or archive, for install and upgrade.
	Chart string `json:"chart"`
	// Release and Namespace say which release it is about.
	Release   string `json:"release"`
	Namespace string `json:"namespace"`
	// Values are those of one `-f`: its numbers are floating-point, as from a file.
	Values map[string]any `json:"values"`
	// Revision is that to roll back to; 0 is the last but one.
	Revision int `json:"revision"`
	// Schema says whether Helm is to check the values, which takes longer than all the rest: it compiles the schemas
	// anew each time. Without it the schemas are left out of what is stored of the release too.
	Schema bool `json:"schema"`
	// ServerSide is Helm 4's `--server-side`; empty, its default.
	ServerSide string `json:"serverSide"`
	// MaxHistory is `--history-max`: Helm reads all of them at each upgrade. 0 is no limit.
	MaxHistory int `json:"maxHistory"`
}

// answer is one line of the output.
type answer struct {
	ID json.RawMessage `json:"id"`
	// Revision that the release has now.
	Revision int `json:"revision"`
	// Objects of the release's manifest, and its hooks, as JSON.
	Objects []json.RawMessage `json:"objects"`
	Hooks   []json.RawMessage `json:"hooks"`
	// Milliseconds that the action took.
	Milliseconds int64  `json:"milliseconds"`
	Error        string `json:"error,omitempty"`
}

// outcome is what an action leaves.
type outcome struct {
	revision int
	// manifests of the release and of its hooks, as YAML documents.
	manifests []string
	hooks     []string
}

// client is one version of Helm.
type client interface {
	do(r *request) (*outcome, error)
}

// timeout is how long hooks may take. There is none in an upgrade of the chart.
const timeout = time.Minute

func serve(clients map[int]client, in io.Reader, out io.Writer) error {
	r := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 1 {
			bytes, failed := json.Marshal(answerTo(clients, line))
			if failed != nil {
				return failed
			}
			if _, failed := out.Write(append(bytes, '\n')); failed != nil {
				return fmt.Errorf("standard output: %w", failed)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
}

// answerTo does what a line asks for; whatever goes wrong is the answer's error.
func answerTo(clients map[int]client, line []byte) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a.Error = fmt.Sprintf("panic: %v", p)
		}
	}()
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: err.Error()}
	}
	a = answer{ID: r.ID, Objects: []json.RawMessage{}, Hooks: []json.RawMessage{}}
	helm, known := clients[r.Helm]
	if !known {
		a.Error = fmt.Sprintf("no Helm %d", r.Helm)
		return a
	}
	start := time.Now()
	outcome, err := helm.do(&r)
	a.Milliseconds = time.Since(start).Milliseconds()
	if err == nil {
		a.Revision = outcome.revision
		a.Objects, err = asJSON(outcome.manifests)
	}
	if err == nil {
		a.Hooks, err = asJSON(outcome.hooks)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// asJSON turns YAML documents into JSON; those that hold nothing but comments are left out.
func asJSON(documents []string) ([]json.RawMessage, error) {
	objects := []json.RawMessage{}
	for _, text := range documents {
		object, err := yaml.YAMLToJSONStrict([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, text)
		}
		if string(object) != "null" {
			objects = append(objects, object)
		}
	}
	return objects, nil
}
