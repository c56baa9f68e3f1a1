package main

import (
	"fmt"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
	releaser "helm.sh/helm/v4/pkg/release"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// helm4 is Helm 4 with one configuration a namespace.
type helm4 struct {
	cluster *cluster
	configs map[string]*action.Configuration
	charts  map[string][]*archive.BufferedFile
}

func newHelm4(cluster *cluster) *helm4 {
	// As the command line calls itself in managed fields.
	kube.ManagedFieldsManager = "helm"
	return &helm4{cluster, map[string]*action.Configuration{}, map[string][]*archive.BufferedFile{}}
}

func (h *helm4) config(namespace string) (*action.Configuration, error) {
	if config, known := h.configs[namespace]; known {
		return config, nil
	}
	config := action.NewConfiguration()
	if err := config.Init(h.cluster.in(namespace), namespace, "secret"); err != nil {
		return nil, err
	}
	h.configs[namespace] = config
	return config, nil
}

func (h *helm4) do(r *request) (*outcome, error) {
	config, err := h.config(r.Namespace)
	if err != nil {
		return nil, err
	}
	var done releaser.Releaser
	switch r.Action {
	case "install":
		done, err = h.install(config, r)
	case "upgrade":
		done, err = h.upgrade(config, r)
	case "rollback":
		done, err = rollback4(config, r)
	case "uninstall":
		uninstall := action.NewUninstall(config)
		uninstall.Timeout, uninstall.WaitStrategy = timeout, kube.HookOnlyStrategy
		_, err = uninstall.Run(r.Release)
		return &outcome{}, err
	default:
		err = fmt.Errorf("no action %q", r.Action)
	}
	if err != nil {
		return nil, err
	}
	made, ok := done.(*release.Release)
	if !ok {
		return nil, fmt.Errorf("a release is a %T", done)
	}
	out := &outcome{revision: made.Version}
	for _, text := range releaseutil.SplitManifests(made.Manifest) {
		out.manifests = append(out.manifests, text)
	}
	for _, hook := range made.Hooks {
		out.hooks = append(out.hooks, hook.Manifest)
	}
	return out, nil
}

func (h *helm4) install(config *action.Configuration, r *request) (releaser.Releaser, error) {
	chart, err := h.chart(r)
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(config)
	install.ReleaseName, install.Namespace = r.Release, r.Namespace
	install.Timeout, install.SkipSchemaValidation = timeout, !r.Schema
	install.WaitStrategy = kube.HookOnlyStrategy
	install.ServerSideApply = r.ServerSide != "false"
	return install.Run(chart, r.Values)
}

func (h *helm4) upgrade(config *action.Configuration, r *request) (releaser.Releaser, error) {
	chart, err := h.chart(r)
	if err != nil {
		return nil, err
	}
	upgrade := action.NewUpgrade(config)
	upgrade.Namespace = r.Namespace
	// Without any values Helm would take those of last time.
	upgrade.ResetValues = true
	upgrade.Timeout, upgrade.SkipSchemaValidation, upgrade.MaxHistory = timeout, !r.Schema, r.MaxHistory
	upgrade.WaitStrategy = kube.HookOnlyStrategy
	if r.ServerSide != "" {
		upgrade.ServerSideApply = r.ServerSide
	}
	return upgrade.Run(r.Release, chart, r.Values)
}

func rollback4(config *action.Configuration, r *request) (releaser.Releaser, error) {
	rollback := action.NewRollback(config)
	rollback.Version, rollback.Timeout, rollback.MaxHistory = r.Revision, timeout, r.MaxHistory
	rollback.WaitStrategy = kube.HookOnlyStrategy
	if err := rollback.Run(r.Release); err != nil {
		return nil, err
	}
	return config.Releases.Last(r.Release)
}

// chart makes the chart from its files, which are read once: Helm changes the chart that it works on.
func (h *helm4) chart(r *request) (*chart.Chart, error) {
	files, known := h.charts[r.Chart]
	if !known {
		read, err := loader.Load(r.Chart)
		if err != nil {
			return nil, err
		}
		for _, file := range read.Raw {
			files = append(files, &archive.BufferedFile{Name: file.Name, Data: file.Data})
		}
		h.charts[r.Chart] = files
	}
	chart, err := loader.LoadFiles(files)
	if err == nil && !r.Schema {
		dropSchemas4(chart)
	}
	return chart, err
}

func dropSchemas4(chart *chart.Chart) {
	chart.Schema = nil
	for _, subchart := range chart.Dependencies() {
		dropSchemas4(subchart)
	}
}
