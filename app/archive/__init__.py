"""Past one machine: files spread over a cluster, so that a run can be broken off and gone on with."""
