package main

import (
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	helmengine "helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"
)

// helm3 is a chart loaded by Helm 3.
type helm3 struct {
	chart       *chart.Chart
	kubeVersion chartutil.KubeVersion
	// schemas is nil where Helm itself is to validate.
	schemas *schemas
}

// loadHelm3 loads and checks the chart as the commands of Helm 3 do before they act.
func loadHelm3(dir string, schemas *schemas) (engine, error) {
	c, err := loader.Load(dir)
	if err != nil {
		return nil, err
	}
	if kind := c.Metadata.Type; kind != "" && kind != "application" {
		return nil, fmt.Errorf("%s charts are not installable", kind)
	}
	if err := action.CheckDependencies(c, c.Metadata.Dependencies); err != nil {
		return nil, err
	}
	kube, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, err
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, kube.String()) {
		return nil, fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", want, kube.Version)
	}
	return &helm3{chart: c, kubeVersion: *kube, schemas: schemas}, nil
}

// render does the steps of Helm 3's action.Install.RunWithContext, from the name's check to the sorted manifests, for
// a run that does not talk to a cluster.
func (h *helm3) render(c *testCase) (*rendered, error) {
	if err := chartutil.ValidateReleaseName(c.Release); err != nil {
		return nil, fmt.Errorf("release name %q: %w", c.Release, err)
	}
	user, err := userValues(c, func(text string) (map[string]any, error) {
		file := map[string]any{}
		return file, yaml.Unmarshal([]byte(text), &file)
	}, func(arg string, into map[string]any) error { return strvals.ParseInto(arg, into) })
	if err != nil {
		return nil, err
	}
	// Helm changes the chart it works on (conditions remove subcharts, imports change defaults).
	chrt := copyChart3(h.chart)
	if err := chartutil.ProcessDependenciesWithMerge(chrt, user); err != nil {
		return nil, err
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = h.kubeVersion
	// The full slice expression forces a copy: workers share the array behind the default.
	caps.APIVersions = append(caps.APIVersions[:len(caps.APIVersions):len(caps.APIVersions)], c.APIVersions...)
	options := chartutil.ReleaseOptions{
		Name: c.Release, Namespace: c.Namespace, Revision: 1, IsInstall: !c.IsUpgrade, IsUpgrade: c.IsUpgrade,
	}
	values, err := chartutil.ToRenderValuesWithSchemaValidation(chrt, user, options, caps, h.schemas != nil)
	if err != nil {
		return nil, err
	}
	if h.schemas != nil {
		merged, ok := values["Values"].(chartutil.Values)
		if !ok {
			return nil, fmt.Errorf("merged values are a %T", values["Values"])
		}
		if err := h.schemas.validate(chartSchema3(chrt), merged); err != nil {
			return nil, err
		}
	}
	var files map[string]string
	if len(c.Secrets) == 0 {
		files, err = helmengine.Render(chrt, values)
	} else {
		files, err = helmengine.RenderWithClientProvider(chrt, values, liveObjects(c))
	}
	if err != nil {
		return nil, err
	}
	return sortFiles3(chrt, files)
}

// sortFiles3 takes the notes out of the rendered files and splits and orders the rest, hooks last.
func sortFiles3(chrt *chart.Chart, files map[string]string) (*rendered, error) {
	r := &rendered{notes: files[path.Join(chrt.Name(), "templates", "NOTES.txt")]}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, err
	}
	for _, m := range manifests {
		// Helm 3 trims each document while it sorts, and ends it with a line break again where it
		// writes the release's manifest: without it a block scalar would lose its last one.
		r.documents = append(r.documents, document{source: m.Name, text: m.Content + "\n"})
	}
	for _, k := range hooks {
		r.documents = append(r.documents, document{source: k.Path, text: k.Manifest})
	}
	return r, nil
}

// copyChart3 copies what Helm changes while it renders; files and schemas stay shared.
func copyChart3(c *chart.Chart) *chart.Chart {
	out := *c
	metadata := *c.Metadata
	metadata.Dependencies = nil
	for _, d := range c.Metadata.Dependencies {
		dependency := *d
		dependency.ImportValues = append([]any(nil), d.ImportValues...)
		metadata.Dependencies = append(metadata.Dependencies, &dependency)
	}
	out.Metadata = &metadata
	out.Values = copyValues(c.Values)
	var subcharts []*chart.Chart
	for _, s := range c.Dependencies() {
		subcharts = append(subcharts, copyChart3(s))
	}
	out.SetDependencies(subcharts...)
	return &out
}

// chartSchema3 collects the schemas of a chart and of the subcharts that are still in it.
func chartSchema3(c *chart.Chart) chartSchema {
	out := chartSchema{name: c.Name(), schema: c.Schema}
	for _, s := range c.Dependencies() {
		out.subcharts = append(out.subcharts, chartSchema3(s))
	}
	return out
}
