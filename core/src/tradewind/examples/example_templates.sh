echo "{{ house }} runs {{ dag.dag_id }} for {{ ds }}, and the least number is {{ params.least }}"
