package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// job is a case on its way through the workers.
type job struct {
	line   []byte
	answer chan []byte
}

// serve answers each line of in with a line of out, in the same order, and flushes whenever it has caught up, so a
// caller may send one case at a time or all at once.
func serve(chart engine, workers int, in io.Reader, out io.Writer) error {
	// The bound keeps memory flat when the caller writes faster than Helm renders.
	todo := make(chan *job, 4*workers)
	ordered := make(chan *job, 4*workers)
	for range workers {
		go func() {
			for j := range todo {
				j.answer <- answerLine(chart, j.line)
			}
		}()
	}
	read := make(chan error, 1)
	go func() {
		read <- readLines(in, func(line []byte) {
			j := &job{line: line, answer: make(chan []byte, 1)}
			ordered <- j
			todo <- j
		})
		close(todo)
		close(ordered)
	}()
	w := bufio.NewWriter(out)
	for j := range ordered {
		if _, err := w.Write(append(<-j.answer, '\n')); err != nil {
			return fmt.Errorf("standard output: %w", err)
		}
		if len(ordered) == 0 {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("standard output: %w", err)
			}
		}
	}
	return errors.Join(<-read, w.Flush())
}

// readLines calls do with a copy of each line that is not empty. Lines have no greatest length.
func readLines(in io.Reader, do func(line []byte)) error {
	r := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 1 {
			do(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
}

// answerLine renders the case of a line; whatever goes wrong is the answer's error.
func answerLine(chart engine, line []byte) []byte {
	c := testCase{Release: "release-name", Namespace: "default"}
	var a answer
	err := json.Unmarshal(line, &c)
	if err == nil {
		a, err = answerCase(chart, &c)
	}
	if err != nil {
		a = answer{Error: err.Error()}
	}
	a.ID = c.ID
	bytes, err := json.Marshal(a)
	if err != nil {
		// The objects are JSON already and the rest are strings, so this only fails for an id that is no JSON.
		bytes, _ = json.Marshal(answer{Error: "answer cannot be written: " + err.Error()})
	}
	return bytes
}

func answerCase(chart engine, c *testCase) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	r, err := chart.render(c)
	if err != nil {
		return answer{}, err
	}
	a = answer{Objects: []json.RawMessage{}, Sources: []string{}, Notes: r.notes}
	for _, d := range r.documents {
		object, err := parseDocument(d)
		if err != nil {
			return answer{}, err
		}
		if object != nil {
			a.Objects = append(a.Objects, object)
			a.Sources = append(a.Sources, d.source)
		}
	}
	return a, nil
}
