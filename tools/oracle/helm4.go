package main

import (
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	ci "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	helmengine "helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"helm.sh/helm/v4/pkg/strvals"
)

// helm4 is a chart loaded by Helm 4.
type helm4 struct {
	chart       *chart.Chart
	kubeVersion common.KubeVersion
	// schemas is nil where Helm itself is to validate.
	schemas *schemas
}

// loadHelm4 loads and checks the chart as the commands of Helm 4 do before they act.
func loadHelm4(dir string, schemas *schemas) (engine, error) {
	c, err := loader.Load(dir)
	if err != nil {
		return nil, err
	}
	if kind := c.Metadata.Type; kind != "" && kind != "application" {
		return nil, fmt.Errorf("%s charts are not installable", kind)
	}
	var wanted []ci.Dependency
	for _, d := range c.Metadata.Dependencies {
		wanted = append(wanted, d)
	}
	if err := action.CheckDependencies(c, wanted); err != nil {
		return nil, err
	}
	kube, err := common.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, err
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, kube.String()) {
		return nil, fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", want, kube.Version)
	}
	return &helm4{chart: c, kubeVersion: *kube, schemas: schemas}, nil
}

// render does the steps of Helm 4's action.Install.RunWithContext, from the name's check to the sorted manifests, for
// a run that does not talk to a cluster.
func (h *helm4) render(c *testCase) (*rendered, error) {
	if err := chartutil.ValidateReleaseName(c.Release); err != nil {
		return nil, fmt.Errorf("release name check failed: release name %q: %w", c.Release, err)
	}
	user, err := userValues(c, func(text string) (map[string]any, error) {
		return loader.LoadValues(strings.NewReader(text))
	}, func(arg string, into map[string]any) error { return strvals.ParseInto(arg, into) })
	if err != nil {
		return nil, err
	}
	// Helm changes the chart it works on (conditions remove subcharts, imports change defaults).
	chrt := copyChart4(h.chart)
	if err := chartutil.ProcessDependencies(chrt, user); err != nil {
		return nil, fmt.Errorf("chart dependencies processing failed: %w", err)
	}
	caps := common.DefaultCapabilities.Copy()
	caps.KubeVersion = h.kubeVersion
	// The full slice expression forces a copy: workers share the array behind the default.
	caps.APIVersions = append(caps.APIVersions[:len(caps.APIVersions):len(caps.APIVersions)], c.APIVersions...)
	options := common.ReleaseOptions{
		Name: c.Release, Namespace: c.Namespace, Revision: 1, IsInstall: !c.IsUpgrade, IsUpgrade: c.IsUpgrade,
	}
	values, err := util.ToRenderValuesWithSchemaValidation(chrt, user, options, caps, h.schemas != nil)
	if err != nil {
		return nil, err
	}
	if h.schemas != nil {
		merged, ok := values["Values"].(common.Values)
		if !ok {
			return nil, fmt.Errorf("merged values are a %T", values["Values"])
		}
		if err := h.schemas.validate(chartSchema4(chrt), merged); err != nil {
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
	return sortFiles4(chrt, files)
}

// sortFiles4 takes the notes out of the rendered files and splits and orders the rest, hooks last.
func sortFiles4(chrt *chart.Chart, files map[string]string) (*rendered, error) {
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
		r.documents = append(r.documents, document{source: m.Name, text: m.Content})
	}
	for _, k := range hooks {
		r.documents = append(r.documents, document{source: k.Path, text: k.Manifest})
	}
	return r, nil
}

// copyChart4 copies what Helm changes while it renders; files and schemas stay shared.
func copyChart4(c *chart.Chart) *chart.Chart {
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
		subcharts = append(subcharts, copyChart4(s))
	}
	out.SetDependencies(subcharts...)
	return &out
}

// chartSchema4 collects the schemas of a chart and of the subcharts that are still in it.
func chartSchema4(c *chart.Chart) chartSchema {
	out := chartSchema{name: c.Name(), schema: c.Schema}
	for _, s := range c.Dependencies() {
		out.subcharts = append(out.subcharts, chartSchema4(s))
	}
	return out
}
