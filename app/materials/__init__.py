"""Materials (材料): from pages that a device hands over to what a case holds."""
