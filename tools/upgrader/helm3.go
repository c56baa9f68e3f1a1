package main

import (
	"fmt"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// helm3 is Helm 3 with one configuration a namespace.
type helm3 struct {
	cluster *cluster
	configs map[string]*action.Configuration
	charts  map[string][]*loader.BufferedFile
}

func newHelm3(cluster *cluster) *helm3 {
	// As the command line calls itself in managed fields.
	kube.ManagedFieldsManager = "helm"
	return &helm3{cluster, map[string]*action.Configuration{}, map[string][]*loader.BufferedFile{}}
}

func (h *helm3) config(namespace string) (*action.Configuration, error) {
	if config, known := h.configs[namespace]; known {
		return config, nil
	}
	config := &action.Configuration{}
	if err := config.Init(h.cluster.in(namespace), namespace, "secret", func(string, ...any) {}); err != nil {
		return nil, err
	}
	h.configs[namespace] = config
	return config, nil
}

func (h *helm3) do(r *request) (*outcome, error) {
	config, err := h.config(r.Namespace)
	if err != nil {
		return nil, err
	}
	var done *release.Release
	switch r.Action {
	case "install":
		done, err = h.install(config, r)
	case "upgrade":
		done, err = h.upgrade(config, r)
	case "rollback":
		done, err = rollback3(config, r)
	case "uninstall":
		uninstall := action.NewUninstall(config)
		uninstall.Timeout = timeout
		_, err = uninstall.Run(r.Release)
		return &outcome{}, err
	default:
		err = fmt.Errorf("no action %q", r.Action)
	}
	if err != nil {
		return nil, err
	}
	out := &outcome{revision: done.Version}
	for _, text := range releaseutil.SplitManifests(done.Manifest) {
		out.manifests = append(out.manifests, text)
	}
	for _, hook := range done.Hooks {
		out.hooks = append(out.hooks, hook.Manifest)
	}
	return out, nil
}

func (h *helm3) install(config *action.Configuration, r *request) (*release.Release, error) {
	chart, err := h.chart(r)
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(config)
	install.ReleaseName, install.Namespace = r.Release, r.Namespace
	install.Timeout, install.SkipSchemaValidation = timeout, !r.Schema
	return install.Run(chart, r.Values)
}

func (h *helm3) upgrade(config *action.Configuration, r *request) (*release.Release, error) {
	chart, err := h.chart(r)
	if err != nil {
		return nil, err
	}
	upgrade := action.NewUpgrade(config)
	upgrade.Namespace = r.Namespace
	// Without any values Helm would take those of last time.
	upgrade.ResetValues = true
	upgrade.Timeout, upgrade.SkipSchemaValidation, upgrade.MaxHistory = timeout, !r.Schema, r.MaxHistory
	return upgrade.Run(r.Release, chart, r.Values)
}

func rollback3(config *action.Configuration, r *request) (*release.Release, error) {
	rollback := action.NewRollback(config)
	rollback.Version, rollback.Timeout, rollback.MaxHistory = r.Revision, timeout, r.MaxHistory
	if err := rollback.Run(r.Release); err != nil {
		return nil, err
	}
	return config.Releases.Last(r.Release)
}

// chart makes the chart from its files, which are read once: Helm changes the chart that it works on.
func (h *helm3) chart(r *request) (*chart.Chart, error) {
	files, known := h.charts[r.Chart]
	if !known {
		read, err := loader.Load(r.Chart)
		if err != nil {
			return nil, err
		}
		for _, file := range read.Raw {
			files = append(files, &loader.BufferedFile{Name: file.Name, Data: file.Data})
		}
		h.charts[r.Chart] = files
	}
	chart, err := loader.LoadFiles(files)
	if err == nil && !r.Schema {
		dropSchemas3(chart)
	}
	return chart, err
}

func dropSchemas3(chart *chart.Chart) {
	chart.Schema = nil
	for _, subchart := range chart.Dependencies() {
		dropSchemas3(subchart)
	}
}
