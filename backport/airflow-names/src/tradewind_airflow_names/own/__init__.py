"""Small things that Airflow has under names of its own and that belong nowhere else in Tradewind."""
