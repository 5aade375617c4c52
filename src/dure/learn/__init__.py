"""After-action reviews, playbook revisions, drills, reports, the knowledge hub. Empty until playbooks run."""
