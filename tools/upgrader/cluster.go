package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster is what all namespaces share: one connection, and what the API server serves, asked once.
type cluster struct {
	file      string
	config    *rest.Config
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.RESTMapper
}

func reach(kubeconfig string) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	// The API server is on loopback and ours alone: nothing is held back.
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	cached := withShortSpecs{memory.NewMemCacheClient(client), &shortSpecs{whole: client.OpenAPIV3()}}
	if _, err := cached.ServerVersion(); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Host, err)
	}
	return &cluster{
		file:      kubeconfig,
		config:    config,
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
	}, nil
}

// in is the cluster as Helm sees it for a release in a namespace.
func (c *cluster) in(namespace string) *access {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: c.file}
	overrides := &clientcmd.ConfigOverrides{}
	overrides.Context.Namespace = namespace
	return &access{cluster: c, loader: clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)}
}

// access implements the RESTClientGetter of Kubernetes' command lines, which both Helms take.
type access struct {
	*cluster
	loader clientcmd.ClientConfig
}

// ToRESTConfig returns a copy, since Helm's factories change what they get.
func (a *access) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(a.config), nil }

func (a *access) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return a.discovery, nil
}

func (a *access) ToRESTMapper() (meta.RESTMapper, error) { return a.mapper, nil }

func (a *access) ToRawKubeConfigLoader() clientcmd.ClientConfig { return a.loader }
